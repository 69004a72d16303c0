"""One film by several processes: what torchrun starts makes the film that one process makes."""
