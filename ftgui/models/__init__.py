"""What the network is: weights files, recognition, stages, the output layer."""
