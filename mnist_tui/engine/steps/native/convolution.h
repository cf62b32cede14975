/* A 3x3 convolution with 2x2 max-pooling behind it, forward and sparsely back, for one image.
 *
 * Activations have their channels last. Pooling passes a gradient on to one of its four pixels, so
 * the way back goes through a list of the pooled values that have one, for each channel.
 *
 * The including file says the shapes before: MAP, of the map that is convolved; C1, its channels;
 * C2, channels of the output; AT_ONCE, see below; HAS_RELU, whether ReLU comes right after.
 */
#include "vectors.h"

enum {
  POOL = (MAP - 2) / 2,         /* of the pooled output */
  ROW = 3 * C1,                 /* numbers in a row of a 3x3 patch */
  TAPS = 3 * ROW,               /* numbers in a patch */
  MAP_ROW = MAP * C1,
  MAP_SIZE = MAP * MAP_ROW,
  PLACES = POOL * POOL,
  FEATURES = C2 * PLACES,
  W2_SIZE = C2 * TAPS,
};

/* ---- Forward ----------------------------------------------------------------------------- */

/* AT_ONCE pooled places are computed at once, four pixels each, for as many channels as a vector
 * has, so that their sums are in registers and the weights in the first-level cache. */

/* Sums are made over blocks of `block` channels, one after the other, in each pixel by pixel and
 * in these channel by channel; the bias comes first, or last. Which of it is PyTorch's way depends
 * on the processor. Done in the same way the sums have the same bits, and pooling finds the same
 * pixel where two differ by no more than rounding. */

/* Convolve: map[i] is the corner of place i; w (TAPS, LANES), in the order of the sums. */
static inline void convolve(const float *const map[AT_ONCE], const float *w, int block,
                            vec sum[AT_ONCE][4]) {
  for (int c = 0; c < C1; c += block)
    for (int t = 0; t < 9; t++) {
      long at = t / 3 * MAP_ROW + t % 3 * C1 + c;
      for (long end = at + block; at < end; at++, w += LANES) {
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
}

extern const long HAS_BF16;
#if defined(__AVX512BF16__)
#include <immintrin.h>
const long HAS_BF16 = 1;

/* The same in bfloat16, summed in float32, in one block: `map` has pairs of channels, as does
 * w (TAPS / 2, LANES). */
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

/* The weights of a block of channels in pairs: w (TAPS, LANES) to (TAPS / 2, LANES, 2) bfloat16. */
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

/* The weights, packed in the orders in which they are used. */
enum {
  FORWARD_AT = 0,               /* (C2 / LANES, TAPS, LANES) */
  PAIRS_AT = W2_SIZE,           /* the same in bfloat16 */
  BACK_AT = PAIRS_AT + W2_SIZE / 2,     /* (C2, TAPS) */
  SECOND_PACKED = BACK_AT + W2_SIZE,
};

/* Pack weights (C2, C1, 3, 3) for sums over blocks of `block` channels. */
static void pack_second(const float *w, float *packed, int block, int is_bf16) {
  float *forward = packed + FORWARD_AT, *back = packed + BACK_AT;
  uint32_t *pairs = (uint32_t *)(packed + PAIRS_AT);
  for (int c = 0; c < C2; c++)
    for (int i = 0; i < C1; i++)
      for (int t = 0; t < 9; t++) {
        float weight = w[(c * C1 + i) * 9 + t];
        int at = (i / block * 9 + t) * block + i % block;
        forward[c / LANES * LANES * TAPS + at * LANES + c % LANES] = weight;
        back[c * TAPS + t * C1 + i] = weight;
      }
  for (int c = 0; is_bf16 && c < C2; c += LANES)
    pair_weights(forward + c * TAPS, pairs + c * TAPS / 2);
}

/* The greatest of four, and which it was: the first of equal ones, as PyTorch has it. */
static inline vec greatest(const vec sum[4], int32_t *argmax) {
  vec most = sum[0];
  ivec from = {0};
  for (int i = 1; i < 4; i++) {
    ivec more = (sum[i] > most) | (sum[i] != sum[i]);
    most = (vec)pick(more, (ivec)sum[i], (ivec)most);
    from = pick(more, from * 0 + i, from);
  }
  *(ivec *)argmax = from;
  return most;
}

/* Where each place's four pixels begin in the map, relative to the image. */
static inline int corner_of(int place) {
  return place / POOL * 2 * MAP_ROW + place % POOL * 2 * C1;
}

/* Convolution and pooling at some places: pooled, argmax (PLACES, C2); rounded (MAP_SIZE / 2) is
 * for the map in bfloat16. */
static void second_layer(const float *map, const int *places, int count, const float *packed,
                         const float *b, int block, int bias_last, int is_bf16, uint32_t *rounded,
                         float *pooled, int32_t *argmax) {
  const uint32_t *pairs = (const uint32_t *)(packed + PAIRS_AT);
  if (is_bf16) to_bf16(map, rounded, MAP_SIZE);
  for (int c = 0; c < C2; c += LANES) {
    vec bias = load(b + c), zero = {0}, before = bias_last ? zero : bias;
    vec after = bias_last ? bias : zero;
    for (int n = 0; n < count; n += AT_ONCE) {
      vec sum[AT_ONCE][4];
      const float *corner[AT_ONCE];
      const uint32_t *pair_corner[AT_ONCE];
      for (int i = 0; i < AT_ONCE; i++) {
        int at = corner_of(places[n + i < count ? n + i : count - 1]);
        corner[i] = map + at;
        pair_corner[i] = rounded + at / 2;
        for (int pixel = 0; pixel < 4; pixel++) sum[i][pixel] = before;
      }
      if (is_bf16)
        convolve_bf16(pair_corner, pairs + c * TAPS / 2, sum);
      else
        convolve(corner, packed + FORWARD_AT + c * TAPS, block, sum);
      for (int i = 0; i < AT_ONCE && n + i < count; i++) {
        int at = places[n + i] * C2 + c;
        for (int pixel = 0; pixel < 4; pixel++) sum[i][pixel] += after;
        vec most = greatest(sum[i], argmax + at);
        store(pooled + at, HAS_RELU ? relu(most) : most);
      }
    }
  }
}

/* ---- Back -------------------------------------------------------------------------------- */

/* A pooled value that has a gradient: where its patch of the map begins, and the gradient. */
struct source { int at; float grad; };

/* The one that a place's pixel of four gives. */
static inline struct source source_at(int place, int pixel, float grad) {
  static const int offset[4] = {0, C1, MAP_ROW, MAP_ROW + C1};
  return (struct source){corner_of(place) + offset[pixel], grad};
}

/* Back through one channel: w, d_w (TAPS); d_w and d_map are added to. */
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

/* Add up one channel's gradients, d_w (C2, TAPS) of each of `count` items that are `stride` apart,
 * into the weights' own order (C2, C1, 3, 3). */
static void add_second(const float *d_w, long count, long stride, long c, float *to) {
  float sum[TAPS] = {0};
  for (long item = 0; item < count; item++)
    for (int i = 0; i < TAPS; i++) sum[i] += d_w[item * stride + c * TAPS + i];
  for (int i = 0; i < C1; i++)
    for (int t = 0; t < 9; t++) to[(c * C1 + i) * 9 + t] = sum[t * C1 + i];
}
