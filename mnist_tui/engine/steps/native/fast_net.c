/* The convolutions and normalizations of FastNet, forward and back, on a CPU.
 *
 * Max-pooling passes a gradient on to one of four pixels; the others are skipped. Normalizing needs
 * the mean and variance over the whole batch, so that each pass goes through all images before the
 * next one begins; what is kept of an image between passes is less than what its cache holds.
 *
 * The biases of both convolutions have no gradient: normalizing takes away what is added to all.
 *
 * GNU C. Compile for the machine's own processor.
 */
enum {
  SIDE = 28,                    /* of an image */
  MAP = 12,                     /* of the first convolution's output */
  C1 = 16,                      /* channels of the first convolution */
  C2 = 32,                      /* channels of the second */
  AT_ONCE = 3,
  HAS_RELU = 0,
};
#include <math.h>

#include "convolution.h"
#include "threads.h"

enum {
  KERNEL = 6,                   /* side of the first convolution's kernels, which go by twos */
  PIXELS = MAP * MAP,
  TAPS1 = KERNEL * KERNEL,
  W1_SIZE = TAPS1 * C1,
  SECOND_AT = W1_SIZE + C1,     /* of the packed weights */
  SUMS = W1_SIZE + W2_SIZE,     /* d_w1, d_w2 of a group */
};
#define EPSILON 1e-5
#define MEAN 0.1307f            /* of MNIST's pixels */
#define DEVIATION 0.3081f

/* A batch normalization of C channels. */
struct norm {
  const float *gamma, *beta;    /* (C,) */
  float *mean, *var;            /* (C,), of the batch; var is the biased one */
  float *d_gamma, *d_beta;      /* (C,) */
  float *parts;                 /* (B, 2, C): two sums of each image */
};

/* All that a step reads and writes: (shape), float32 where nothing else is said, contiguous. */
struct step {
  struct team team;             /* scratch_size: SCRATCH_SIZE */
  long batch;                   /* B */
  long groups;                  /* of images on the way back: sums that are added at the end */
  long bf16;                    /* whether the second convolution goes forward in bfloat16 */
  const float *images;          /* (B, 28, 28) in [0, 1] */
  const float *w1, *b1;         /* (16, 1, 6, 6), (16,) */
  const float *w2, *b2;         /* (32, 16, 3, 3), (32,) */
  struct norm first, second;    /* after each convolution; pooling comes before the second */
  float *convolved;             /* (B, 144, 16): the first convolution's output */
  float *pooled;                /* (B, 25, 32): the second's, before its normalization */
  int32_t *argmax;              /* (B, 25, 32): which of four pixels it was */
  float *features;              /* (B, 25, 32) */
  const float *d_features;      /* (B, 25, 32): the loss's gradient with respect to them */
  float *d_map;                 /* (B, 144, 16): and to the first normalization's output */
  float *d_w1, *d_w2;
  float *packed;                /* PACKED_SIZE: w1 (36, 16), b1, then w2 as `pack_second` has it */
  float *sums;                  /* (groups, SUMS) */
};

extern const long PACKED_SIZE, SCRATCH_SIZE, SUMS_SIZE;
const long PACKED_SIZE = SECOND_AT + SECOND_PACKED;
const long SCRATCH_SIZE = 2 * MAP_SIZE + FEATURES;
const long SUMS_SIZE = SUMS;

/* An item is an image, where sums over images are made a group of them. */

/* ---- Normalization ----------------------------------------------------------------------- */

/* The mean of each channel, and the sum of squares of what differs from it: values (count, C),
 * part (2, C). */
static inline void moments(const float *values, int count, int channels, float *part) {
  for (int c = 0; c < channels; c += LANES) {
    vec sum = {0}, squares = {0};
    for (int i = 0; i < count; i++) sum += load(values + i * channels + c);
    vec mean = sum / (float)count;
    for (int i = 0; i < count; i++) {
      vec apart = load(values + i * channels + c) - mean;
      squares += apart * apart;
    }
    store(part + c, mean);
    store(part + channels + c, squares);
  }
}

/* The batch's mean and variance, from all images' moments. */
static void find_statistics(const struct norm *norm, long batch, int count, int channels) {
  for (int c = 0; c < channels; c++) {
    double mean = 0, mean_of_squares = 0, squares = 0;
    for (long n = 0; n < batch; n++) {
      double of_image = norm->parts[2 * n * channels + c];
      mean += of_image / batch;
      mean_of_squares += of_image * of_image / batch;
      squares += norm->parts[(2 * n + 1) * channels + c];
    }
    norm->mean[c] = (float)mean;
    norm->var[c] = (float)(squares / (batch * count) + mean_of_squares - mean * mean);
  }
}

static inline float inverse_deviation(const struct norm *norm, int c) {
  return (float)(1 / sqrt(norm->var[c] + EPSILON));
}

/* Normalizing as value * scale + shift. */
static inline void find_affine(const struct norm *norm, int channels, float *scale, float *shift) {
  for (int c = 0; c < channels; c++) {
    scale[c] = norm->gamma[c] * inverse_deviation(norm, c);
    shift[c] = norm->beta[c] - norm->mean[c] * scale[c];
  }
}

/* Normalize, with ReLU: values, to (count, C). */
static inline void normalize(const struct norm *norm, const float *values, int count, int channels,
                             float *to) {
  float scale[channels], shift[channels];
  find_affine(norm, channels, scale, shift);
  for (int c = 0; c < channels; c += LANES)
    for (int i = c; i < count * channels; i += channels)
      store(to + i, relu(load(values + i) * load(scale + c) + load(shift + c)));
}

/* What an image adds to the gradients of beta and gamma: d, values (count, C), part (2, C). */
static inline void norm_parts(const struct norm *norm, const float *d, const float *values,
                              int count, int channels, float *part) {
  float inverse[channels];
  for (int c = 0; c < channels; c++) inverse[c] = inverse_deviation(norm, c);
  for (int c = 0; c < channels; c += LANES) {
    vec sum = {0}, product = {0}, mean = load(norm->mean + c);
    for (int i = c; i < count * channels; i += channels) {
      sum += load(d + i);
      product += load(d + i) * (load(values + i) - mean);
    }
    store(part + c, sum);
    store(part + channels + c, product * load(inverse + c));
  }
}

/* The gradients of beta and gamma, from all images' parts. */
static void add_norm(const struct norm *norm, long batch, int channels) {
  for (int c = 0; c < channels; c++) {
    double d_beta = 0, d_gamma = 0;
    for (long n = 0; n < batch; n++) {
      d_beta += norm->parts[2 * n * channels + c];
      d_gamma += norm->parts[(2 * n + 1) * channels + c];
    }
    norm->d_beta[c] = (float)d_beta;
    norm->d_gamma[c] = (float)d_gamma;
  }
}

/* Back to what was normalized: d is (count, C), of a batch with `total` values in each channel. */
static inline void norm_back(const struct norm *norm, const float *values, int count, int channels,
                             float total, const float *d, float *to) {
  float scale[channels], slope[channels], constant[channels];
  for (int c = 0; c < channels; c++) {
    float inverse = inverse_deviation(norm, c);
    scale[c] = norm->gamma[c] * inverse;
    slope[c] = -scale[c] * inverse * norm->d_gamma[c] / total;
    constant[c] = -scale[c] * norm->d_beta[c] / total - slope[c] * norm->mean[c];
  }
  for (int c = 0; c < channels; c += LANES)
    for (int i = c; i < count * channels; i += channels)
      store(to + i, load(d + i) * load(scale + c) + load(values + i) * load(slope + c) +
                        load(constant + c));
}

/* ---- Forward ----------------------------------------------------------------------------- */

/* The first convolution: w (36, 16), to (144, 16). */
static void convolve_first(const float *image, const float *w, const float *b, float *to) {
  for (int y = 0; y < MAP; y++)
    for (int c = 0; c < C1; c += LANES) {
      vec sum[MAP];
      for (int x = 0; x < MAP; x++) sum[x] = load(b + c);
      for (int t = 0; t < TAPS1; t++) {
        vec weight = load(w + t * C1 + c);
        const float *row = image + (2 * y + t / KERNEL) * SIDE + t % KERNEL;
        for (int x = 0; x < MAP; x++) sum[x] += row[2 * x] * weight;
      }
      for (int x = 0; x < MAP; x++) store(to + (y * MAP + x) * C1 + c, sum[x]);
    }
}

static void first_item(struct step *step, long n, float *scratch) {
  (void)scratch;
  float *convolved = step->convolved + n * MAP_SIZE;
  convolve_first(step->images + n * SIDE * SIDE, step->packed, step->packed + W1_SIZE, convolved);
  moments(convolved, PIXELS, C1, step->first.parts + n * 2 * C1);
}

static void second_item(struct step *step, long n, float *scratch) {
  float *map = scratch, *pooled = step->pooled + n * FEATURES;
  int places[PLACES];
  for (int i = 0; i < PLACES; i++) places[i] = i;
  normalize(&step->first, step->convolved + n * MAP_SIZE, PIXELS, C1, map);
  second_layer(map, places, PLACES, step->packed + SECOND_AT, step->b2, C1, 0,
               step->bf16 != 0, (uint32_t *)(map + MAP_SIZE), pooled, step->argmax + n * FEATURES);
  moments(pooled, PLACES, C2, step->second.parts + n * 2 * C2);
}

static void features_item(struct step *step, long n, float *scratch) {
  (void)scratch;
  normalize(&step->second, step->pooled + n * FEATURES, PLACES, C2, step->features + n * FEATURES);
}

/* The network scales its images; here the first convolution's weights and bias are scaled. */
static void pack_weights(struct step *step) {
  for (int c = 0; c < C1; c++) {
    float bias = step->b1[c];
    for (int t = 0; t < TAPS1; t++) {
      float weight = step->w1[c * TAPS1 + t] / DEVIATION;
      step->packed[t * C1 + c] = weight;
      bias -= weight * MEAN;
    }
    step->packed[W1_SIZE + c] = bias;
  }
  pack_second(step->w2, step->packed + SECOND_AT, C1, step->bf16 != 0);
}

/* From images to features. */
void forward(struct step *step) {
  pack_weights(step);
  run(step, first_item, step->batch);
  find_statistics(&step->first, step->batch, PIXELS, C1);
  run(step, second_item, step->batch);
  find_statistics(&step->second, step->batch, PLACES, C2);
  run(step, features_item, step->batch);
}

/* ---- Back -------------------------------------------------------------------------------- */

/* Where ReLU passed a value on, its gradient; (count,), a multiple of LANES. */
static void relu_back(const float *d, const float *values, int count, float *to) {
  for (int i = 0; i < count; i += LANES) store(to + i, where(~(load(values + i) <= 0), load(d + i)));
}

static void second_norm_item(struct step *step, long n, float *d) {
  long at = n * FEATURES;
  relu_back(step->d_features + at, step->features + at, FEATURES, d);
  norm_parts(&step->second, d, step->pooled + at, PLACES, C2, step->second.parts + n * 2 * C2);
}

/* Back through the second convolution and the first ReLU, and d_w2 of a group. */
static void second_back_item(struct step *step, long item, float *scratch) {
  float *map = scratch, *d_pooled = map + MAP_SIZE;
  float *d_w2 = step->sums + item * SUMS + W1_SIZE;
  const float *w2 = step->packed + SECOND_AT + BACK_AT;
  memset(d_w2, 0, W2_SIZE * sizeof *d_w2);
  long from = step->batch * item / step->groups, to = step->batch * (item + 1) / step->groups;
  for (long n = from; n < to; n++) {
    long at = n * FEATURES;
    const float *convolved = step->convolved + n * MAP_SIZE;
    float *d_map = step->d_map + n * MAP_SIZE;
    normalize(&step->first, convolved, PIXELS, C1, map);
    relu_back(step->d_features + at, step->features + at, FEATURES, d_pooled);
    norm_back(&step->second, step->pooled + at, PLACES, C2, (float)(step->batch * PLACES), d_pooled,
              d_pooled);
    memset(d_map, 0, MAP_SIZE * sizeof *d_map);
    for (int c = 0; c < C2; c++) {
      struct source sources[PLACES];
      for (int i = 0; i < PLACES; i++)
        sources[i] = source_at(i, step->argmax[at + i * C2 + c], d_pooled[i * C2 + c]);
      second_back(sources, PLACES, map, w2 + c * TAPS, d_w2 + c * TAPS, d_map);
    }
    relu_back(d_map, map, MAP_SIZE, d_map);
    norm_parts(&step->first, d_map, convolved, PIXELS, C1, step->first.parts + n * 2 * C1);
  }
}

/* Back through the first convolution: d (144, 16); d_w (36, 16) is added to. The pixels' mean needs
 * not be subtracted: over the whole batch, d is zero in the mean. */
static void first_back(const float *image, const float *d, float *d_w) {
  enum { ROWS = 2 };            /* of a kernel, whose sums stay in registers */
  for (int c = 0; c < C1; c += LANES)
    for (int ky = 0; ky < KERNEL; ky += ROWS) {
      vec sum[ROWS * KERNEL];
      float *to = d_w + ky * KERNEL * C1 + c;
      for (int t = 0; t < ROWS * KERNEL; t++) sum[t] = load(to + t * C1);
      for (int i = 0; i < PIXELS; i++) {
        vec back = load(d + i * C1 + c);
        const float *corner = image + (i / MAP * 2 + ky) * SIDE + i % MAP * 2;
        for (int t = 0; t < ROWS * KERNEL; t++)
          sum[t] += corner[t / KERNEL * SIDE + t % KERNEL] * back;
      }
      for (int t = 0; t < ROWS * KERNEL; t++) store(to + t * C1, sum[t]);
    }
}

static void first_back_item(struct step *step, long item, float *scratch) {
  float *d = scratch;
  float *d_w1 = step->sums + item * SUMS;
  memset(d_w1, 0, W1_SIZE * sizeof *d_w1);
  long from = step->batch * item / step->groups, to = step->batch * (item + 1) / step->groups;
  for (long n = from; n < to; n++) {
    norm_back(&step->first, step->convolved + n * MAP_SIZE, PIXELS, C1,
              (float)(step->batch * PIXELS), step->d_map + n * MAP_SIZE, d);
    first_back(step->images + n * SIDE * SIDE, d, d_w1);
  }
}

static void add_item(struct step *step, long c, float *scratch) {
  (void)scratch;
  add_second(step->sums + W1_SIZE, step->groups, SUMS, c, step->d_w2);
}

static void add_first(struct step *step) {
  for (int c = 0; c < C1; c++)
    for (int t = 0; t < TAPS1; t++) {
      float sum = 0;
      for (long item = 0; item < step->groups; item++) sum += step->sums[item * SUMS + t * C1 + c];
      step->d_w1[c * TAPS1 + t] = sum / DEVIATION;
    }
}

/* From d_features to all gradients. */
void backward(struct step *step) {
  run(step, second_norm_item, step->batch);
  add_norm(&step->second, step->batch, C2);
  run(step, second_back_item, step->groups);
  add_norm(&step->first, step->batch, C1);
  run(step, first_back_item, step->groups);
  run(step, add_item, C2);
  add_first(step);
}
