"""The planner: from a situation and a goal to a plan, a value that is simulated before it counts.

Pure, and a layer above the engine: what a behaviour does to ports is asked of the engine itself.
"""
