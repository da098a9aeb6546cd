"""What may move: plans, strategies, how a plan is applied, and its proof."""
