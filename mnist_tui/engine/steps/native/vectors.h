/* Vectors of float32, as wide as the processor's. GNU C, by `vector_size`. */
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

static inline vec load(const float *from) { return *(const vec *)from; }
static inline void store(float *to, vec v) { *(vec *)to = v; }
static inline vec where(ivec mask, vec x) { return (vec)(mask & (ivec)x); }
static inline ivec pick(ivec mask, ivec yes, ivec no) { return (mask & yes) | (~mask & no); }
/* ReLU that passes on what is not a number, as PyTorch's does. */
static inline vec relu(vec x) { return where(~(x <= 0), x); }
/* The sum of a vector's numbers, by halves. */
static inline float total(vec x) {
  typedef float half __attribute__((vector_size(2 * LANES), aligned(4), may_alias));
  const float *at = (const float *)&x;
  half h = *(const half *)at + *(const half *)(at + LANES / 2);
#if LANES == 16
  typedef float quarter __attribute__((vector_size(LANES), aligned(4), may_alias));
  const float *ht = (const float *)&h;
  quarter q = *(const quarter *)ht + *(const quarter *)(ht + 4);
  return (q[0] + q[2]) + (q[1] + q[3]);
#elif LANES == 8
  return (h[0] + h[2]) + (h[1] + h[3]);
#else
  return h[0] + h[1];
#endif
}
