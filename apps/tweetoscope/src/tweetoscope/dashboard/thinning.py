"""Series of points in bounded memory: the longer one goes on, the further apart its points are."""

import bisect
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(kw_only=True, slots=True)
class Series:
    """Points whose first number ascends. The first and the last one are always there.

    When there are `most`, every second one goes, and from then on points that are closer to the
    one before than `spacing` take the last one's place.
    """

    most: int
    spacing: float = 0.0
    points: list[tuple[float, ...]] = field(default_factory=list)

    def add(self, *point: float) -> None:
        """Add a point; one that lies before the last is taken to be there."""
        points = self.points
        if points and point[0] < points[-1][0]:
            point = (points[-1][0], *point[1:])
        if len(points) > 1 and point[0] - points[-2][0] < self.spacing:
            points[-1] = point
            return
        points.append(point)
        if len(points) > self.most:
            self.spacing = max(2.0 * (points[-1][0] - points[0][0]) / self.most, self.spacing)
            points[1:-1] = points[2:-1:2]

    def before(self, place: float) -> tuple[float, ...] | None:
        """The last point that is not after a place."""
        at = bisect.bisect_right(self.points, place, key=_place)
        return self.points[at - 1] if at else None

    def columns(self) -> list[list[float]]:
        """All points, column by column."""
        return [list(column) for column in zip(*self.points, strict=True)]


def _place(point: Sequence[float]) -> float:
    return point[0]
