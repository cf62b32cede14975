/* Work that is cut into items, on threads of the caller's.
 *
 * Items do not depend on the number of threads, each thread takes the next item that is free, and
 * sums over items are added in a fixed order. So the results have the same bits however many
 * threads there are and whichever is delayed. GNU C, by its atomics.
 */

/* As libgomp's GOMP_parallel: calls work(data) on each of so many threads, and waits for all. */
typedef void (*parallel_fn)(void (*work)(void *), void *data, unsigned threads, unsigned flags);

/* Who works; the first member of what the including file calls a step. */
struct team {
  long threads;
  parallel_fn parallel;         /* NULL: this thread alone */
  float *scratch;               /* (threads, scratch_size) */
  long scratch_size;
};

struct step;
typedef void (*item_fn)(struct step *step, long item, float *scratch);

struct job {
  struct step *step;
  item_fn item;
  long items, next, arrived;    /* items that were taken, threads that have begun */
};

static void take_items(void *data) {
  struct job *job = data;
  const struct team *team = (const struct team *)job->step;
  long thread = __atomic_fetch_add(&job->arrived, 1, __ATOMIC_RELAXED);
  float *scratch = team->scratch + thread * team->scratch_size;
  long item;
  while ((item = __atomic_fetch_add(&job->next, 1, __ATOMIC_RELAXED)) < job->items)
    job->item(job->step, item, scratch);
}

static void run(struct step *step, item_fn item, long items) {
  const struct team *team = (const struct team *)step;
  struct job job = {step, item, items, 0, 0};
  long threads = team->threads < items ? team->threads : items;
  if (team->parallel && threads > 1)
    team->parallel(take_items, &job, (unsigned)threads, 0);
  else
    take_items(&job);
}
