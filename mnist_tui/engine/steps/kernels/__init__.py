"""The Triton kernels of one training step of MnistNet.

A batch of 32 keeps a GPU busy for microseconds at a time, so that a step takes as long as it has
kernels. PyTorch's own operations are about fifty of them; these are eight, since consecutive
operations on the same numbers are fused: pooling, ReLU and dropout where the convolution's sums
are still in registers, the head of the network example by example, and a weight's update where
its gradient is made.

B is the batch's size. Activations have their channels last. Sums over a batch are made of partial
sums in a fixed order, so that the same step gives the same bits each time. Images are float32,
and so are all weights and everything behind the hidden layer; activations before it and their
gradients have the precision of the training. PRECISION is how `tl.dot` multiplies float32. UPDATE
says that a weight is updated at once; else its gradient is stored for an optimizer.

The mathematics is plain backpropagation through each layer; `FusedStep` launches the kernels.
"""
