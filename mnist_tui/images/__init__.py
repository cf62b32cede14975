"""Pictures of digits in any of the usual formats, brought to MNIST's form one by one."""
