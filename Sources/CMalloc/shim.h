#pragma once
#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

/* One heap for all threads, and memory that is freed in one piece goes back to the system at once:
   without this the allocator keeps most of what it was ever asked for. */
static inline void belfry_keep_heap_small(void) {
#ifdef __GLIBC__
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_MMAP_THRESHOLD, 128 << 10);
    mallopt(M_TRIM_THRESHOLD, 256 << 10);
#endif
}
