/*
 * Memory that forks cheaply. A fork copies a page-table entry for each page that the stable holds, and the
 * exit of the horse costs the same again. A horse by itself costs a copy of each page that it writes.
 * docs/decisions/030-the-cost-of-a-python-horse.md has the figures.
 *
 *  - Python's small objects live in arenas that we hand out from few regions, aligned as huge pages are.
 *    Before the stable serves, regions and heap are collapsed into huge pages: one entry instead of 512.
 *  - A horse's first object of each size goes to a pool that has room, on a page full of the stable's
 *    objects. We fill that room before the stable serves, so the object goes to a page of its own.
 *
 * All of it only improves: where the system or the interpreter does not support it, nothing happens.
 */
#include "runtime/python/extension.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25 /* Linux 6.1 */
#endif

enum {
    HUGE_PAGE = 2 * 1024 * 1024,
    REGION_SIZE = 64 * 1024 * 1024, /* of address space; memory as it is used */
    REGIONS_MAX = 64,               /* beyond them arenas are where Python puts them */
    ARENA_MIN = 256 * 1024,         /* Python 3.9; 1 MiB since */
    SLOTS = REGION_SIZE / ARENA_MIN,
    SMALL_STEP = 16, /* pymalloc's size classes, in bytes */
    SMALL_MAX = 512,
    POOL_HEADER = 48,
    FILL_MAX = 4 * 1024 * 1024, /* bytes of one size class that are worth filling */
};

/* Of Python's documented but not limited API; as it is since 3.4. */
struct arena_allocator {
    void *context;
    void *(*alloc)(void *context, size_t size);
    void (*free)(void *context, void *arena, size_t size);
};

struct region {
    char *start;
    size_t readable;    /* bytes from the start that are more than address space */
    bool in_use[SLOTS]; /* arenas, each of arena_size */
};

static struct arena_allocator pythons;
static struct region regions[REGIONS_MAX];
static size_t region_count;
static size_t arena_size; /* of this Python: as the first one that was asked for */

/* ---- arenas ---- */

static bool reserve_region(void)
{
    if (region_count == REGIONS_MAX)
        return false;
    char *space = mmap(NULL, REGION_SIZE + HUGE_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                       -1, 0);
    if (space == MAP_FAILED)
        return false;
    size_t lead = (HUGE_PAGE - (uintptr_t)space % HUGE_PAGE) % HUGE_PAGE;
    if (lead)
        munmap(space, lead);
    munmap(space + lead + REGION_SIZE, HUGE_PAGE - lead);
    /* Where the system gives huge pages to everybody, a horse's first new arena would clear one of them. */
    madvise(space + lead, REGION_SIZE, MADV_NOHUGEPAGE);
    regions[region_count++] = (struct region){.start = space + lead};
    return true;
}

static void *take_slot(struct region *region)
{
    for (size_t i = 0; (i + 1) * arena_size <= REGION_SIZE; i++) {
        if (region->in_use[i])
            continue;
        size_t end = ((i + 1) * arena_size + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
        if (end > region->readable) {
            if (mprotect(region->start + region->readable, end - region->readable, PROT_READ | PROT_WRITE) !=
                0)
                return NULL;
            region->readable = end;
        }
        region->in_use[i] = true;
        return region->start + i * arena_size;
    }
    return NULL;
}

static void *alloc_arena(void *context, size_t size)
{
    (void)context;
    if (!arena_size && size >= ARENA_MIN && HUGE_PAGE % size == 0)
        arena_size = size;
    if (size == arena_size) {
        for (size_t i = 0; i < region_count || reserve_region(); i++) {
            void *arena = take_slot(&regions[i]);
            if (arena)
                return arena;
        }
    }
    return pythons.alloc(pythons.context, size);
}

static void free_arena(void *context, void *arena, size_t size)
{
    (void)context;
    for (size_t i = 0; i < region_count; i++) {
        size_t at = (size_t)((char *)arena - regions[i].start);
        if ((char *)arena >= regions[i].start && at < REGION_SIZE) {
            madvise(arena, size, MADV_DONTNEED);
            regions[i].in_use[at / arena_size] = false;
            return;
        }
    }
    pythons.free(pythons.context, arena, size);
}

void cq_memory_start(void)
{
    typedef void access(struct arena_allocator *);
    access *get, *set;
    *(void **)&get = dlsym(RTLD_DEFAULT, "PyObject_GetArenaAllocator");
    *(void **)&set = dlsym(RTLD_DEFAULT, "PyObject_SetArenaAllocator");
    if (!get || !set || pythons.alloc)
        return;
    get(&pythons);
    struct arena_allocator ours = {NULL, alloc_arena, free_arena};
    set(&ours);
}

/* ---- room in used pools ---- */

static void *fillers; /* blocks that are held, each with the address of the next in it */

/* Bytes of a pool; 0: this Python's are not known. */
static uintptr_t pool_size(void)
{
    int minor = 0;
    if (sscanf(Py_GetVersion(), "3.%d", &minor) != 1 || minor < 9 || minor > 14)
        return 0;
    return minor == 9 ? 4096 : 16384;
}

static void fill_pools(void)
{
    uintptr_t pool = pool_size();
    cq_memory_unsettle();
    for (size_t size = SMALL_STEP; pool && size <= SMALL_MAX; size += SMALL_STEP) {
        for (size_t filled = 0; filled < FILL_MAX; filled += size) {
            void **block = PyObject_Malloc(size);
            if (!block)
                return;
            *block = fillers;
            fillers = block;
            if ((uintptr_t)block % pool == POOL_HEADER)
                break; /* the first of a new pool: the others were full */
        }
    }
}

/* ---- huge pages ---- */

/* Whether at least three quarters of a piece are there: collapsing allocates the rest. */
static bool is_full(int pagemap, uintptr_t start)
{
    enum { PAGES = HUGE_PAGE / 4096 };
    static uint64_t entries[PAGES];
    const uint64_t present = (uint64_t)1 << 63;
    size_t count = 0;
    if (sysconf(_SC_PAGESIZE) != 4096 ||
        pread(pagemap, entries, sizeof(entries), (off_t)(start / 4096 * sizeof(*entries))) != sizeof(entries))
        return false;
    for (size_t i = 0; i < PAGES; i++)
        count += (entries[i] & present) != 0;
    return count >= PAGES * 3 / 4;
}

static void collapse(int pagemap, uintptr_t start, uintptr_t end)
{
    for (start = (start + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE; start + HUGE_PAGE <= end;
         start += HUGE_PAGE)
        if (is_full(pagemap, start))
            madvise((void *)start, HUGE_PAGE,
                    MADV_COLLAPSE); /* an error is an older kernel, or too little memory */
}

/* Private memory of nobody's file: what malloc, Python and the modules have. */
static bool is_memory(const char *line, uintptr_t *ret_start, uintptr_t *ret_end)
{
    char access[8], name[16] = "";
    unsigned long inode;
    return sscanf(line, "%lx-%lx %7s %*s %*s %lu %15s", ret_start, ret_end, access, &inode, name) >= 4 &&
           inode == 0 && strcmp(access, "rw-p") == 0 && (name[0] == '\0' || strcmp(name, "[heap]") == 0);
}

static void collapse_all(void)
{
    char line[512];
    uintptr_t start, end;
    FILE *maps = fopen("/proc/self/maps", "re");
    int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    while (maps && pagemap >= 0 && fgets(line, sizeof(line), maps))
        if (is_memory(line, &start, &end))
            collapse(pagemap, start, end);
    if (maps)
        fclose(maps);
    if (pagemap >= 0)
        close(pagemap);
}

static void advise_regions(int advice)
{
    for (size_t i = 0; i < region_count; i++)
        madvise(regions[i].start, REGION_SIZE, advice);
}

void cq_memory_settle(void)
{
    fill_pools();
    advise_regions(MADV_HUGEPAGE); /* for this moment, or they could not be collapsed */
    collapse_all();
    advise_regions(MADV_NOHUGEPAGE);
}

void cq_memory_unsettle(void)
{
    while (fillers) {
        void *block = fillers;
        fillers = *(void **)block;
        PyObject_Free(block);
    }
}
