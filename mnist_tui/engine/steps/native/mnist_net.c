/* The convolutions and the first linear layer of the tutorial's network, forward and back, on a CPU.
 *
 * Two things make it fast. Gradients that are zero are skipped: max-pooling passes one of four on,
 * ReLU about half of those, dropout three quarters. And black regions of an image are convolved
 * once: every place whose receptive field is black has the same output.
 *
 * Activations have their channels last. An image's activations stay in the second-level cache from
 * the first convolution to the pooled features, and again on the way back, where the first
 * convolution is computed once more instead of kept.
 *
 * Threads are the caller's: work is cut into items that do not depend on the number of threads,
 * each thread takes the next item that is free, and sums over items are added in a fixed order. So
 * the results have the same bits however many threads there are and whichever is delayed.
 *
 * GNU C: vectors by `vector_size`, and atomics. Compile for the machine's own processor.
 */
enum {
  SIDE = 28,                    /* of an image */
  MAP = 26,                     /* of the first convolution's output */
  C1 = 32,                      /* channels of the first convolution */
  C2 = 64,                      /* channels of the second */
  AT_ONCE = 3,
  HAS_RELU = 1,
};
#include "convolution.h"
#include "threads.h"

enum {
  HIDDEN = 128,
  COLUMNS = 32,                 /* features that the linear layer takes on at once: bits of `alive` */
  BLOCKS = FEATURES / COLUMNS,
  SLICES = 16,                  /* items of the linear layer: sums that are added at the end */
  SLICE = BLOCKS / SLICES,
  W1_SIZE = 9 * C1,
  SUMS = W1_SIZE + C1 + W2_SIZE + C2,   /* d_w1, d_b1, d_w2, d_b2 of one item, in this order */
};

/* All that a step reads and writes: (shape), float32 where nothing else is said, contiguous. */
struct step {
  struct team team;             /* scratch_size: SCRATCH_SIZE + 2 * B * COLUMNS */
  long batch;                   /* B */
  long groups;                  /* of images on the way back: sums that are added at the end */
  long bf16;                    /* whether the second convolution goes forward in bfloat16 */
  long updates;                 /* whether `backward` moves w3 by `rate`, else it writes d_w3 */
  long block;                   /* channels in a block of the second convolution's sums */
  long biases_last;             /* whose biases come last: 1 the first convolution's, 2 the second's */
  float rate;
  const float *images;          /* (B, 28, 28) */
  const float *w1, *b1;         /* (32, 1, 3, 3), (32,) */
  const float *w2, *b2;         /* (64, 32, 3, 3), (64,) */
  const float *keep;            /* (B, 64): what dropout multiplies a channel by, 0 or more */
  float *features;              /* (288, B, 32): pooled, ReLU and dropout applied, in blocks */
  uint32_t *alive;              /* (288, B): which features of a block are not zero, as bits */
  uint16_t *sources;            /* (B, 64, 144): where they came from, see `list_sources` */
  uint8_t *counts;              /* (B, 64, 2): how many sources of a channel have ink in their
                                 * receptive field, and how many have none */
  float *hidden;                /* (16, B, 128): fc1's output is their sum, with its bias */
  const float *d_hidden;        /* (B, 128): the loss's gradient with respect to fc1's output */
  float *w3;                    /* (9216, 128): fc1's weight, transposed */
  float *d_w3;                  /* (9216, 128) */
  float *d_features;            /* (288, B, 32); where a feature is zero nothing is written */
  float *d_w1, *d_b1, *d_w2, *d_b2;
  float *packed;                /* PACKED_SIZE: w1 (9, 32), then w2 as `pack_second` has it */
  float *sums;                  /* (groups, SUMS) */
};

extern const long PACKED_SIZE, SCRATCH_SIZE, SUMS_SIZE;
const long PACKED_SIZE = W1_SIZE + SECOND_PACKED;
const long SCRATCH_SIZE = 2 * MAP_SIZE + 3 * FEATURES;
const long SUMS_SIZE = SUMS;

/* An item is an image on the way forward; a slice of the features in the linear layer; on the way
 * back a group of images, and then an output channel whose groups are added. */

/* ---- Forward ----------------------------------------------------------------------------- */

/* Which pixels of each row are ink, that is, not 0, as bits. */
static void find_ink(const float *image, uint32_t ink[SIDE]) {
  for (int y = 0; y < SIDE; y++) {
    ink[y] = 0;
    for (int x = 0; x < SIDE; x++) ink[y] |= (uint32_t)(image[y * SIDE + x] != 0) << x;
  }
}

/* The first convolution with ReLU: map (26, 26, 32); w (9, 32). */
static void first_layer(const float *image, const uint32_t *ink, const float *w, const float *b,
                        int bias_last, float *map) {
  enum { N = C1 / LANES };
  vec before[N], after[N], blank[N], zero = {0};
  for (int v = 0; v < N; v++) {
    vec bias = load(b + v * LANES);
    before[v] = bias_last ? zero : bias;
    after[v] = bias_last ? bias : zero;
    blank[v] = relu(bias);
  }
  for (int y = 0; y < MAP; y++) {
    uint32_t seen = ink[y] | ink[y + 1] | ink[y + 2];
    for (int x = 0; x < MAP; x++, map += C1) {
      if (!(seen >> x & 7)) {
        for (int v = 0; v < N; v++) store(map + v * LANES, blank[v]);
        continue;
      }
      vec sum[N];
      for (int v = 0; v < N; v++) sum[v] = before[v];
      for (int t = 0; t < 9; t++) {
        float pixel = image[(y + t / 3) * SIDE + x + t % 3];
        for (int v = 0; v < N; v++) sum[v] += pixel * load(w + t * C1 + v * LANES);
      }
      for (int v = 0; v < N; v++) store(map + v * LANES, relu(sum[v] + after[v]));
    }
  }
}

/* PyTorch convolves a single image of one channel in another way than several. */
static int is_first_bias_last(const struct step *step) {
  return step->batch == 1 || (step->biases_last & 1);
}

/* The places whose receptive field is not black, and one of those where it is, if there is any,
 * as the first. Returns how many; *black is whether the first is such a one. */
static int find_places(const uint32_t *ink, int places[PLACES + 1], int *black) {
  int count = 1;                /* the first is for a black one */
  *black = places[0] = 0;
  for (int y = 0; y < POOL; y++) {
    uint32_t seen = 0;
    for (int i = 0; i < 6; i++) seen |= ink[2 * y + i];
    for (int x = 0; x < POOL; x++) {
      if (seen >> 2 * x & 63) {
        places[count++] = y * POOL + x;
      } else {
        places[0] = y * POOL + x;
        *black = 1;
      }
    }
  }
  return count;
}

/* One channel's features and where they came from: first those whose receptive field is not all
 * black, each as its place and 256 times its pixel of four; from the end on the others' places.
 * `same_as` has, by place, itself, or the one black place that was computed for all. */
static void list_sources(const float *pooled, const int32_t *argmax, const uint8_t *same_as,
                         int black_place, float keep, float *features, uint16_t *sources,
                         uint8_t counts[2]) {
  int count = 0, black = 0;
  for (int p = 0; p < PLACES; p++) {
    int at = same_as[p] * C2, is_black = p == black_place || same_as[p] != p;
    float feature = pooled[at] * keep;
    features[p] = feature;
    /* What is not to be listed is written over by the next one. The two lists cannot meet: both
     * together have no more than all places. */
    if (!is_black) {
      sources[count] = (uint16_t)(p | argmax[at] << 8);
      count += feature != 0;
    } else {
      sources[PLACES - 1 - black] = (uint16_t)p;
      black += feature != 0;
    }
  }
  counts[0] = (uint8_t)count;
  counts[1] = (uint8_t)black;
}

/* Features and sources of image `n`. */
static void forward_item(struct step *step, long n, float *scratch) {
  float *map = scratch, *pooled = map + MAP_SIZE, *features = pooled + FEATURES;
  int32_t *argmax = (int32_t *)(features + FEATURES);
  const float *image = step->images + n * SIDE * SIDE;
  uint32_t ink[SIDE];
  find_ink(image, ink);
  first_layer(image, ink, step->packed, step->b1, is_first_bias_last(step), map);
  int places[PLACES + 1], black, count = find_places(ink, places, &black);
  second_layer(map, places + !black, count - !black, step->packed + W1_SIZE, step->b2,
               (int)step->block, (step->biases_last & 2) != 0, step->bf16 != 0,
               (uint32_t *)(argmax + FEATURES), pooled, argmax);
  uint8_t same_as[PLACES];
  memset(same_as, places[0], PLACES);
  for (int i = 1; i < count; i++) same_as[places[i]] = (uint8_t)places[i];
  for (int c = 0; c < C2; c++)
    list_sources(pooled + c, argmax + c, same_as, black ? places[0] : -1, step->keep[n * C2 + c],
                 features + c * PLACES, step->sources + (n * C2 + c) * PLACES,
                 step->counts + (n * C2 + c) * 2);
  for (long block = 0; block < BLOCKS; block++, features += COLUMNS) {
    uint32_t alive = 0;
    for (int i = 0; i < COLUMNS; i++) alive |= (uint32_t)(features[i] != 0) << i;
    step->alive[block * step->batch + n] = alive;
    memcpy(step->features + (block * step->batch + n) * COLUMNS, features,
           COLUMNS * sizeof *features);
  }
}

static void pack_weights(struct step *step) {
  float *w1 = step->packed;
  for (int c = 0; c < C1; c++)
    for (int t = 0; t < 9; t++) w1[t * C1 + c] = step->w1[c * 9 + t];
  pack_second(step->w2, w1 + W1_SIZE, (int)step->block, step->bf16 != 0);
}

/* ---- The first linear layer -------------------------------------------------------------- */

/* About two thirds of the features are zero. A row of w3, transposed, is all that one feature is
 * multiplied by: eight vectors of sixteen, which stay in registers. */
enum { UNITS = HIDDEN / LANES };

/* What a slice of the features adds to the hidden units: hidden[item] (B, 128). */
static void hidden_item(struct step *step, long item, float *scratch) {
  (void)scratch;
  long batch = step->batch;
  float *hidden = step->hidden + item * batch * HIDDEN;
  memset(hidden, 0, batch * HIDDEN * sizeof *hidden);
  for (long block = item * SLICE; block < (item + 1) * SLICE; block++)
    for (long n = 0; n < batch; n++) {
      const float *features = step->features + (block * batch + n) * COLUMNS;
      const float *w = step->w3 + block * COLUMNS * HIDDEN;
      vec sum[UNITS];
      for (int v = 0; v < UNITS; v++) sum[v] = load(hidden + n * HIDDEN + v * LANES);
      for (uint32_t alive = step->alive[block * batch + n]; alive; alive &= alive - 1) {
        int i = __builtin_ctz(alive);
        for (int v = 0; v < UNITS; v++) sum[v] += features[i] * load(w + i * HIDDEN + v * LANES);
      }
      for (int v = 0; v < UNITS; v++) store(hidden + n * HIDDEN + v * LANES, sum[v]);
    }
}

/* An image whose feature is not zero, and the feature. */
struct value { int image; float feature; };

/* Back through feature `i` of a block: its gradients by the weights as they are, then the weights'
 * own. */
static void feature_back(struct step *step, long block, int i, const struct value *values,
                         int count) {
  long row = (block * COLUMNS + i) * HIDDEN;
  float *d_features = step->d_features + block * step->batch * COLUMNS + i;
  vec weight[UNITS], sum[UNITS] = {0};
  for (int v = 0; v < UNITS; v++) weight[v] = load(step->w3 + row + v * LANES);
  for (int k = 0; k < count; k++) {
    const float *d = step->d_hidden + values[k].image * HIDDEN;
    vec product = {0};
    for (int v = 0; v < UNITS; v++) {
      product += load(d + v * LANES) * weight[v];
      sum[v] += values[k].feature * load(d + v * LANES);
    }
    d_features[values[k].image * COLUMNS] = total(product);
  }
  float *to = (step->updates ? step->w3 : step->d_w3) + row;
  for (int v = 0; v < UNITS; v++) {
    if (step->updates) sum[v] = weight[v] - step->rate * sum[v];
    store(to + v * LANES, sum[v]);
  }
}

/* Back through a slice of the features. */
static void linear_item(struct step *step, long item, float *scratch) {
  long batch = step->batch;
  struct value *values = (struct value *)scratch;   /* (32, B) */
  for (long block = item * SLICE; block < (item + 1) * SLICE; block++) {
    int count[COLUMNS] = {0};
    for (long n = 0; n < batch; n++)
      for (uint32_t alive = step->alive[block * batch + n]; alive; alive &= alive - 1) {
        int i = __builtin_ctz(alive);
        float feature = step->features[(block * batch + n) * COLUMNS + i];
        values[i * batch + count[i]++] = (struct value){(int)n, feature};
      }
    for (int i = 0; i < COLUMNS; i++)
      feature_back(step, block, i, values + i * batch, count[i]);
  }
}

/* From images to features, sources and hidden sums. */
void forward(struct step *step) {
  pack_weights(step);
  run(step, forward_item, step->batch);
  run(step, hidden_item, SLICES);
}

/* ---- Back through pooling and the convolutions ------------------------------------------- */

/* Find the patches of a channel's listed sources, and add up the gradients of those and of the
 * black ones, each times `keep`. */
static void find_patches(const uint16_t *sources, const uint8_t counts[2], const float *d_features,
                         float keep, struct source *found, double *bias, double *black) {
  for (int i = 0; i < counts[0]; i++) {
    int place = sources[i] & 255;
    float grad = d_features[place] * keep;
    found[i] = source_at(place, sources[i] >> 8, grad);
    *bias += grad;
  }
  for (int i = 0; i < counts[1]; i++) *black += d_features[sources[PLACES - 1 - i]] * keep;
}

/* Back through one channel where the patches are black, all at once: each is the same, and no
 * pixel is left to change the first convolution's weights, but its bias is. */
static void black_back(float grad, const float *blank, const float *w, float *d_w, float *d_b1) {
  for (int t = 0; t < 9; t++)
    for (int i = 0; i < C1; i++) {
      d_w[t * C1 + i] += grad * blank[i];
      d_b1[i] += blank[i] > 0 ? grad * w[t * C1 + i] : 0;
    }
}

/* Back through ReLU and the first convolution: d_w (9, 32), d_b (32). */
static void first_back(const float *image, const uint32_t *ink, const float *map,
                       const float *d_map, float *d_w, float *d_b) {
  enum { N = C1 / LANES };
  for (int v = 0; v < N; v++) {
    vec bias = load(d_b + v * LANES), sum[9];
    for (int t = 0; t < 9; t++) sum[t] = load(d_w + t * C1 + v * LANES);
    for (int y = 0; y < MAP; y++) {
      uint32_t seen = ink[y] | ink[y + 1] | ink[y + 2];
      for (int x = 0; x < MAP; x++) {
        long at = y * MAP_ROW + x * C1 + v * LANES;
        vec back = where(~(load(map + at) <= 0), load(d_map + at));
        bias += back;
        if (seen >> x & 7)
          for (int t = 0; t < 9; t++) sum[t] += image[(y + t / 3) * SIDE + x + t % 3] * back;
      }
    }
    store(d_b + v * LANES, bias);
    for (int t = 0; t < 9; t++) store(d_w + t * C1 + v * LANES, sum[t]);
  }
}

/* The convolutions' gradients over one item's images. */
static void convolutions_item(struct step *step, long item, float *scratch) {
  float *map = scratch, *d_map = map + MAP_SIZE, *d_features = d_map + MAP_SIZE;
  float *d_w1 = step->sums + item * SUMS, *d_b1 = d_w1 + W1_SIZE;
  float *d_w2 = d_b1 + C1, *d_b2 = d_w2 + W2_SIZE;
  const float *w2 = step->packed + W1_SIZE + BACK_AT;
  double bias[C2] = {0}, black[C2] = {0};
  memset(d_w1, 0, SUMS * sizeof *d_w1);
  long from = step->batch * item / step->groups, to = step->batch * (item + 1) / step->groups;
  for (long n = from; n < to; n++) {
    const float *image = step->images + n * SIDE * SIDE;
    uint32_t ink[SIDE];
    find_ink(image, ink);
    first_layer(image, ink, step->packed, step->b1, is_first_bias_last(step), map);
    memset(d_map, 0, MAP_SIZE * sizeof *d_map);
    for (long block = 0; block < BLOCKS; block++)
      memcpy(d_features + block * COLUMNS, step->d_features + (block * step->batch + n) * COLUMNS,
             COLUMNS * sizeof *d_features);
    for (int c = 0; c < C2; c++) {
      struct source patches[PLACES];
      long channel = n * C2 + c;
      const uint8_t *counts = step->counts + channel * 2;
      find_patches(step->sources + channel * PLACES, counts, d_features + c * PLACES,
                   step->keep[channel], patches, bias + c, black + c);
      second_back(patches, counts[0], map, w2 + c * TAPS, d_w2 + c * TAPS, d_map);
    }
    first_back(image, ink, map, d_map, d_w1, d_b1);
  }
  float blank[C1];
  for (int i = 0; i < C1; i++) blank[i] = step->b1[i] > 0 ? step->b1[i] : 0;
  for (int c = 0; c < C2; c++) {
    d_b2[c] = (float)(bias[c] + black[c]);
    black_back((float)black[c], blank, w2 + c * TAPS, d_w2 + c * TAPS, d_b1);
  }
}

/* Add all items' sums of one channel of the second convolution. */
static void add_item(struct step *step, long c, float *scratch) {
  (void)scratch;
  add_second(step->sums + W1_SIZE + C1, step->groups, SUMS, c, step->d_w2);
  step->d_b2[c] = 0;
  for (long item = 0; item < step->groups; item++)
    step->d_b2[c] += step->sums[item * SUMS + SUMS - C2 + c];
}

static void add_first(struct step *step) {
  for (int c = 0; c < C1; c++) {
    for (int t = 0; t < 9; t++) {
      step->d_w1[c * 9 + t] = 0;
      for (long item = 0; item < step->groups; item++)
        step->d_w1[c * 9 + t] += step->sums[item * SUMS + t * C1 + c];
    }
    step->d_b1[c] = 0;
    for (long item = 0; item < step->groups; item++)
      step->d_b1[c] += step->sums[item * SUMS + W1_SIZE + c];
  }
}

/* From d_hidden to the gradients of the convolutions and of w3, or to w3 after its step. */
void backward(struct step *step) {
  run(step, linear_item, SLICES);
  run(step, convolutions_item, step->groups);
  run(step, add_item, C2);
  add_first(step);
}
