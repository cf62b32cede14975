"""Pictures of digits in any of the usual formats, brought to MNIST's form one by one."""

from mnist_tui.images.image import (
    BadPicture,
    Picture,
    PictureBox,
    read_digits,
    read_picture,
    read_pictures,
    read_whole,
)

__all__ = [
    "BadPicture",
    "Picture",
    "PictureBox",
    "read_digits",
    "read_picture",
    "read_pictures",
    "read_whole",
]
