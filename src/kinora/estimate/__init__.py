"""What a film will cost. In: a model's folder, a size, a machine. Out: seconds and bytes, stage by stage."""
