"""Images turned, shifted, sheared, zoomed, whitened and made brighter before they are given to a network."""

# tolerance: units=64 (whitening decomposes a matrix of float32)
import numpy as np
from keras.preprocessing import image

np.set_printoptions(precision=6, suppress=True)

rows, columns = np.meshgrid(np.arange(4.0), np.arange(5.0), indexing="ij")
picture = np.stack([10.0 * rows + columns, 3.0 + rows * columns], axis=-1)

TRANSFORMS = [
    {"theta": 30.0},
    {"tx": 1.0, "ty": -0.5},
    {"shear": 20.0},
    {"zx": 0.75, "zy": 1.5},
    {"theta": 15.0, "tx": 0.5, "shear": 10.0, "zx": 1.25, "zy": 0.75, "flip_horizontal": True},
]
for mode in ["constant", "nearest", "reflect", "wrap"]:
    generator = image.ImageDataGenerator(fill_mode=mode, cval=7.0)
    for transform in TRANSFORMS:
        print(mode, sorted(transform))
        print(generator.apply_transform(picture, transform))

print("functions")
np.random.seed(3)
first = np.rollaxis(picture, 2, 0)  # these take the channels first
square = np.rollaxis(picture[:, :4], 2, 0)
print(image.random_rotation(square, 40))
print(image.random_shift(first, 0.3, 0.2))
print(image.random_shear(first, 20))
print(image.random_zoom(first, (0.6, 1.4)))
print(image.apply_affine_transform(picture, theta=40, fill_mode="constant"))
print(image.apply_affine_transform(first, theta=40, row_axis=1, col_axis=2, channel_axis=0, order=0))

print("brightness")
color = np.arange(12.0).reshape(2, 2, 3) * 20.0
for given in [color, color / 255.0, color - 100.0]:
    print(image.apply_brightness_shift(given, 0.5))
bright = image.ImageDataGenerator(brightness_range=(0.3, 0.3))
print(bright.apply_transform(color / 255.0, {"brightness": 0.3}))

print("whitening")
pictures = np.sin(np.arange(6 * 2 * 2 * 1) ** 2.0).reshape(6, 2, 2, 1)
whitening = image.ImageDataGenerator(featurewise_center=True, zca_whitening=True, zca_epsilon=0.1)
whitening.fit(pictures)
print(whitening.principal_components)
print(whitening.standardize(pictures[:2].astype("float32")))
scaled = image.ImageDataGenerator(
    featurewise_center=True,
    zca_whitening=True,
    zca_epsilon=0.5,
    rescale=0.5,
    rotation_range=30,
)
scaled.fit(pictures, augment=True, rounds=2, seed=1)
print(scaled.mean.ravel(), scaled.rescale, scaled.zca_whitening)
print(scaled.principal_components)

print("batches")
turning = image.ImageDataGenerator(
    rotation_range=25,
    width_shift_range=0.2,
    height_shift_range=[-1, 0, 1],
    shear_range=10,
    zoom_range=0.3,
    channel_shift_range=2.0,
    vertical_flip=True,
    rescale=1.0 / 8,
)
stack = np.stack([picture, picture[::-1], picture[:, ::-1]])
batches = turning.flow(stack, np.array([0, 1, 2]), batch_size=2, seed=5)
for _ in range(3):
    x, y = next(batches)
    print(y, x.dtype)
    print(x)
