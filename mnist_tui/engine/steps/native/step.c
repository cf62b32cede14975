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
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__AVX512F__)
#define LANES 16
#elif defined(__AVX__)
#define LANES 8
#else
#define LANES 4
#endif

typedef float vec __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef int32_t ivec __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

enum {
  SIDE = 28,                    /* of an image */
  MAP = 26,                     /* of the first convolution's output */
  POOL = 12,                    /* of the pooled features */
  C1 = 32,                      /* channels of the first convolution */
  C2 = 64,                      /* channels of the second */
  ROW = 3 * C1,                 /* numbers in a row of a 3x3 patch */
  TAPS = 3 * ROW,               /* numbers in a patch */
  MAP_ROW = MAP * C1,
  MAP_SIZE = MAP * MAP_ROW,
  PLACES = POOL * POOL,
  FEATURES = C2 * PLACES,
  HIDDEN = 128,
  COLUMNS = 32,                 /* features that the linear layer takes on at once: bits of `alive` */
  BLOCKS = FEATURES / COLUMNS,
  SLICES = 16,                  /* items of the linear layer: sums that are added at the end */
  SLICE = BLOCKS / SLICES,
  W1_SIZE = 9 * C1,
  W2_SIZE = C2 * TAPS,
  SUMS = W1_SIZE + C1 + W2_SIZE + C2,   /* d_w1, d_b1, d_w2, d_b2 of one item, in this order */
};

/* As libgomp's GOMP_parallel: calls work(data) on each of so many threads, and waits for all. */
typedef void (*parallel_fn)(void (*work)(void *), void *data, unsigned threads, unsigned flags);

/* All that a step reads and writes: (shape), float32 where nothing else is said, contiguous. */
struct step {
  long batch;                   /* B */
  long threads;
  long groups;                  /* of images on the way back: sums that are added at the end */
  long bf16;                    /* whether the second convolution goes forward in bfloat16 */
  long updates;                 /* whether `backward` moves w3 by `rate`, else it writes d_w3 */
  float rate;
  parallel_fn parallel;         /* NULL: this thread alone */
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
  float *packed;                /* PACKED_SIZE */
  float *sums;                  /* (groups, SUMS) */
  float *scratch;               /* (threads, SCRATCH_SIZE + 2 * B * COLUMNS) */
};

/* Weights in the order in which they are used, one behind the other. */
enum {
  W1_AT = 0,
  W2_AT = W1_AT + W1_SIZE,
  W2_BACK_AT = W2_AT + W2_SIZE,
  W2_PAIRS_AT = W2_BACK_AT + W2_SIZE,
};
extern const long PACKED_SIZE, SCRATCH_SIZE, SUMS_SIZE, HAS_BF16;
const long PACKED_SIZE = W2_PAIRS_AT + W2_SIZE / 2;
const long SCRATCH_SIZE = 2 * MAP_SIZE + 3 * FEATURES;
const long SUMS_SIZE = SUMS;

/* An item is an image on the way forward; a slice of the features in the linear layer; on the way
 * back a group of images, and then an output channel whose groups are added. */

/* ---- Work for threads -------------------------------------------------------------------- */

struct job {
  struct step *step;
  void (*item)(struct step *step, long item, float *scratch);
  long items, next, arrived;    /* items that were taken, threads that have begun */
};

static void take_items(void *data) {
  struct job *job = data;
  struct step *step = job->step;
  long thread = __atomic_fetch_add(&job->arrived, 1, __ATOMIC_RELAXED);
  float *scratch = step->scratch + thread * (SCRATCH_SIZE + 2 * step->batch * COLUMNS);
  long item;
  while ((item = __atomic_fetch_add(&job->next, 1, __ATOMIC_RELAXED)) < job->items)
    job->item(step, item, scratch);
}

static void run(struct step *step, void (*item)(struct step *, long, float *), long items) {
  struct job job = {step, item, items, 0, 0};
  long threads = step->threads < items ? step->threads : items;
  if (step->parallel && threads > 1)
    step->parallel(take_items, &job, (unsigned)threads, 0);
  else
    take_items(&job);
}

/* ---- Vectors ----------------------------------------------------------------------------- */

static inline vec load(const float *from) { return *(const vec *)from; }
static inline void store(float *to, vec v) { *(vec *)to = v; }
static inline vec where(ivec mask, vec x) { return (vec)(mask & (ivec)x); }
static inline ivec pick(ivec mask, ivec yes, ivec no) { return (mask & yes) | (~mask & no); }
/* The sum of a vector's numbers, by halves. */
static inline float total(vec x) {
  typedef float half __attribute__((vector_size(2 * LANES), aligned(4), may_alias));
  typedef float quarter __attribute__((vector_size(16), aligned(4), may_alias));
  const float *at = (const float *)&x;
  half h = *(const half *)at + *(const half *)(at + LANES / 2);
#if LANES == 16
  const float *ht = (const float *)&h;
  quarter q = *(const quarter *)ht + *(const quarter *)(ht + 4);
  return (q[0] + q[2]) + (q[1] + q[3]);
#elif LANES == 8
  (void)(quarter){0};
  return (h[0] + h[2]) + (h[1] + h[3]);
#else
  (void)(quarter){0};
  return h[0] + h[1];
#endif
}
/* ReLU that passes on what is not a number, as PyTorch's does. */
static inline vec relu(vec x) { return where(~(x <= 0), x); }

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
                        float *map) {
  enum { N = C1 / LANES };
  vec bias[N], blank[N];
  for (int v = 0; v < N; v++) {
    bias[v] = load(b + v * LANES);
    blank[v] = relu(bias[v]);
  }
  for (int y = 0; y < MAP; y++) {
    uint32_t seen = ink[y] | ink[y + 1] | ink[y + 2];
    for (int x = 0; x < MAP; x++, map += C1) {
      if (!(seen >> x & 7)) {
        for (int v = 0; v < N; v++) store(map + v * LANES, blank[v]);
        continue;
      }
      vec sum[N];
      for (int v = 0; v < N; v++) sum[v] = bias[v];
      for (int t = 0; t < 9; t++) {
        float pixel = image[(y + t / 3) * SIDE + x + t % 3];
        for (int v = 0; v < N; v++) sum[v] += pixel * load(w + t * C1 + v * LANES);
      }
      for (int v = 0; v < N; v++) store(map + v * LANES, relu(sum[v]));
    }
  }
}

/* Pooled places that are computed at once, four pixels each, for as many channels as a vector has:
 * twelve sums in registers, and weights that fit into the first-level cache. */
#define AT_ONCE 3

/* Convolve: map[i] is the corner of place i; w (288, LANES). */
static inline void convolve(const float *const map[AT_ONCE], const float *w, vec sum[AT_ONCE][4]) {
  for (int ky = 0; ky < 3; ky++)
    for (long at = ky * MAP_ROW; at < ky * MAP_ROW + ROW; at++, w += LANES) {
      vec weight = load(w);
      for (int i = 0; i < AT_ONCE; i++) {
        const float *pixel = map[i] + at;
        sum[i][0] += pixel[0] * weight;
        sum[i][1] += pixel[C1] * weight;
        sum[i][2] += pixel[MAP_ROW] * weight;
        sum[i][3] += pixel[MAP_ROW + C1] * weight;
      }
    }
}

#if defined(__AVX512BF16__)
#include <immintrin.h>
const long HAS_BF16 = 1;

/* The same in bfloat16, summed in float32: `map` has pairs of channels, as does w (144, LANES). */
static inline void convolve_bf16(const uint32_t *const map[AT_ONCE], const uint32_t *w,
                                 vec sum[AT_ONCE][4]) {
  static const int pixel[4] = {0, C1 / 2, MAP_ROW / 2, (MAP_ROW + C1) / 2};
  for (int ky = 0; ky < 3; ky++)
    for (long at = ky * MAP_ROW / 2; at < (ky * MAP_ROW + ROW) / 2; at++, w += LANES) {
      __m512bh weight = (__m512bh)_mm512_loadu_si512(w);
      for (int i = 0; i < AT_ONCE; i++)
        for (int k = 0; k < 4; k++) {
          __m512bh pair = (__m512bh)_mm512_set1_epi32((int)map[i][at + pixel[k]]);
          sum[i][k] = (vec)_mm512_dpbf16_ps((__m512)sum[i][k], pair, weight);
        }
    }
}

/* Round `size` numbers, a multiple of 32, to bfloat16. */
static void to_bf16(const float *from, uint32_t *to, long size) {
  for (long i = 0; i < size; i += 32)
    _mm512_storeu_si512(to + i / 2, (__m512i)_mm512_cvtne2ps_pbh(_mm512_loadu_ps(from + i + 16),
                                                                 _mm512_loadu_ps(from + i)));
}

/* The weights of a block of channels in pairs: w (288, LANES) to (144, LANES, 2) bfloat16. */
static void pair_weights(const float *w, uint32_t *pairs) {
  for (int i = 0; i < TAPS; i += 2, w += 2 * LANES)
    for (int lane = 0; lane < LANES; lane++) {
      float pair[32] = {w[lane], w[LANES + lane]};
      uint32_t both[16];
      to_bf16(pair, both, 32);
      *pairs++ = both[0];
    }
}
#else
const long HAS_BF16 = 0;
static inline void convolve_bf16(const uint32_t *const map[AT_ONCE], const uint32_t *w,
                                 vec sum[AT_ONCE][4]) {
  (void)map, (void)w, (void)sum;
}
static void to_bf16(const float *from, uint32_t *to, long size) { (void)from, (void)to, (void)size; }
static void pair_weights(const float *w, uint32_t *pairs) { (void)w, (void)pairs; }
#endif

/* The greatest of four, ReLU, and which it was: the first of equal ones, as PyTorch has it. */
static inline void pool(const vec sum[4], float *pooled, int32_t *argmax) {
  vec most = sum[0];
  ivec from = {0};
  for (int i = 1; i < 4; i++) {
    ivec more = (sum[i] > most) | (sum[i] != sum[i]);
    most = (vec)pick(more, (ivec)sum[i], (ivec)most);
    from = pick(more, from * 0 + i, from);
  }
  store(pooled, relu(most));
  *(ivec *)argmax = from;
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

/* Where each place's four pixels begin in the map, relative to the image. */
static inline int corner_of(int place) {
  return place / POOL * 2 * MAP_ROW + place % POOL * 2 * C1;
}

/* The second convolution, pooling and ReLU at some places: pooled (144, 64), argmax (144, 64);
 * w (64 / LANES, 288, LANES), or `pairs` of it, as is `map` in pairs then. */
static void second_layer(const void *map, const int *places, int count, const float *w,
                         const uint32_t *pairs, const float *b, float *pooled, int32_t *argmax) {
  for (int c = 0; c < C2; c += LANES)
    for (int n = 0; n < count; n += AT_ONCE) {
      vec sum[AT_ONCE][4];
      const float *corner[AT_ONCE];
      const uint32_t *pair_corner[AT_ONCE];
      for (int i = 0; i < AT_ONCE; i++) {
        int at = corner_of(places[n + i < count ? n + i : count - 1]);
        corner[i] = (const float *)map + at;
        pair_corner[i] = (const uint32_t *)map + at / 2;
        for (int pixel = 0; pixel < 4; pixel++) sum[i][pixel] = load(b + c);
      }
      if (pairs)
        convolve_bf16(pair_corner, pairs + c * TAPS / 2, sum);
      else
        convolve(corner, w + c * TAPS, sum);
      for (int i = 0; i < AT_ONCE && n + i < count; i++) {
        int at = places[n + i] * C2 + c;
        pool(sum[i], pooled + at, argmax + at);
      }
    }
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
  first_layer(image, ink, step->packed + W1_AT, step->b1, map);
  int places[PLACES + 1], black, count = find_places(ink, places, &black);
  const uint32_t *pairs = step->bf16 ? (const uint32_t *)(step->packed + W2_PAIRS_AT) : NULL;
  uint32_t *rounded = (uint32_t *)(argmax + FEATURES);
  if (pairs) to_bf16(map, rounded, MAP_SIZE);
  second_layer(pairs ? (const void *)rounded : map, places + !black, count - !black,
               step->packed + W2_AT, pairs, step->b2, pooled, argmax);
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
  float *w1 = step->packed + W1_AT, *w2 = step->packed + W2_AT, *back = step->packed + W2_BACK_AT;
  for (int c = 0; c < C1; c++)
    for (int t = 0; t < 9; t++) w1[t * C1 + c] = step->w1[c * 9 + t];
  for (int c = 0; c < C2; c++)
    for (int i = 0; i < C1; i++)
      for (int t = 0; t < 9; t++) {
        float weight = step->w2[(c * C1 + i) * 9 + t];
        w2[c / LANES * LANES * TAPS + (t * C1 + i) * LANES + c % LANES] = weight;
        back[c * TAPS + t * C1 + i] = weight;           /* (64, 288) */
      }
  if (step->bf16)
    for (int c = 0; c < C2; c += LANES)
      pair_weights(w2 + c * TAPS, (uint32_t *)(step->packed + W2_PAIRS_AT) + c * TAPS / 2);
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

/* A pooled value that has a gradient: where its patch of the map begins, and the gradient. */
struct source { int at; float grad; };

/* Find the patches of a channel's listed sources, and add up the gradients of those and of the
 * black ones, each times `keep`. */
static void find_patches(const uint16_t *sources, const uint8_t counts[2], const float *d_features,
                         float keep, struct source *found, double *bias, double *black) {
  static const int pixel[4] = {0, C1, MAP_ROW, MAP_ROW + C1};
  for (int i = 0; i < counts[0]; i++) {
    int place = sources[i] & 255;
    float grad = d_features[place] * keep;
    found[i] = (struct source){corner_of(place) + pixel[sources[i] >> 8], grad};
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

/* Back through one channel of the second convolution: w, d_w (288); d_map is added to. */
static void second_back(const struct source *sources, int count, const float *map, const float *w,
                        float *d_w, float *d_map) {
  enum { N = ROW / LANES };     /* a row of a patch stays in registers over all sources */
  for (int r = 0; r < 3; r++) {
    vec sum[N], weight[N];
    for (int v = 0; v < N; v++) sum[v] = load(d_w + r * ROW + v * LANES);
    for (int i = 0; i < count; i++) {
      const float *seen = map + sources[i].at + r * MAP_ROW;
      for (int v = 0; v < N; v++) sum[v] += sources[i].grad * load(seen + v * LANES);
    }
    for (int v = 0; v < N; v++) {
      store(d_w + r * ROW + v * LANES, sum[v]);
      weight[v] = load(w + r * ROW + v * LANES);
    }
    for (int i = 0; i < count; i++) {
      float *to = d_map + sources[i].at + r * MAP_ROW;
      for (int v = 0; v < N; v++)
        store(to + v * LANES, load(to + v * LANES) + sources[i].grad * weight[v]);
    }
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
  const float *w2 = step->packed + W2_BACK_AT;
  double bias[C2] = {0}, black[C2] = {0};
  memset(d_w1, 0, SUMS * sizeof *d_w1);
  long from = step->batch * item / step->groups, to = step->batch * (item + 1) / step->groups;
  for (long n = from; n < to; n++) {
    const float *image = step->images + n * SIDE * SIDE;
    uint32_t ink[SIDE];
    find_ink(image, ink);
    first_layer(image, ink, step->packed + W1_AT, step->b1, map);
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

/* Add all items' sums of one channel of the second convolution, in the weights' own order. */
static void add_item(struct step *step, long c, float *scratch) {
  float *d_w = scratch, d_b = 0;
  memset(d_w, 0, TAPS * sizeof *d_w);
  for (long item = 0; item < step->groups; item++) {
    const float *d_w2 = step->sums + item * SUMS + W1_SIZE + C1;
    for (int i = 0; i < TAPS; i++) d_w[i] += d_w2[c * TAPS + i];
    d_b += d_w2[W2_SIZE + c];
  }
  for (int i = 0; i < C1; i++)
    for (int t = 0; t < 9; t++) step->d_w2[(c * C1 + i) * 9 + t] = d_w[t * C1 + i];
  step->d_b2[c] = d_b;
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
