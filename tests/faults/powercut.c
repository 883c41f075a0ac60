/* LD_PRELOAD: journals what a process writes to its databases, and what of it was made durable.

   A process that is killed loses nothing that it wrote: the kernel still has it. A machine that loses power keeps only
   what was fsynced, and any part of the rest. From the journal, tests/faults/powercut.py builds the files that such a
   machine may find. Only files named *.db, *.db-wal and *.db-journal are journaled; the shared memory of a WAL is
   rebuilt by SQLite and needs none.

   One record: monotonic ns, operation, offset, size, length of the name, then the name and, for a write, the bytes. The
   record of a sync is written after the disk has answered. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { CREATE = 1, WRITE, TRUNCATE, SYNC, UNLINK };
enum { FILES = 4096, NAME = 64 };

struct record {
    uint64_t ns;
    uint64_t operation, offset, size, name_size;
};

static char names[FILES][NAME]; /* by file descriptor; "" is none of ours */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int journal = -1;
static pid_t owner;

#define REAL(symbol) \
    static __typeof__(symbol) *real; \
    if (!real) real = (__typeof__(symbol) *)dlsym(RTLD_NEXT, #symbol)

static int ends_with(const char *text, const char *end)
{
    size_t a = strlen(text), b = strlen(end);
    return a >= b && !strcmp(text + a - b, end);
}

static const char *ours(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    int wanted = ends_with(name, ".db") || ends_with(name, ".db-wal") || ends_with(name, ".db-journal");
    return wanted && strlen(name) < NAME ? name : NULL;
}

static const char *name_of(int fd) { return fd >= 0 && fd < FILES && names[fd][0] ? names[fd] : NULL; }

static void note(int operation, const char *name, uint64_t offset, const void *data, uint64_t size)
{
    REAL(open);
    const char *directory = getenv("POWERCUT_JOURNALS");
    if (!directory) return;
    pthread_mutex_lock(&lock);
    if (owner != getpid()) { /* the first record, or the first one after a fork */
        char path[1024];
        snprintf(path, sizeof path, "%s/%d-%lld", directory, (int)getpid(), (long long)time(NULL));
        owner = getpid();
        journal = real(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    }
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    struct record record = {
        (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec, (uint64_t)operation, offset, size, strlen(name),
    };
    struct iovec parts[] = {
        {&record, sizeof record}, {(void *)name, strlen(name)}, {(void *)data, operation == WRITE ? size : 0},
    };
    if (writev(journal, parts, 3) < 0) abort(); /* a journal with a hole would accuse the innocent */
    pthread_mutex_unlock(&lock);
}

static int opened(int fd, const char *path, int flags, int existed)
{
    const char *name = ours(path);
    if (fd < 0 || fd >= FILES || !name) return fd;
    strcpy(names[fd], name);
    if (!existed) note(CREATE, name, 0, NULL, 0);
    if (flags & O_TRUNC) note(TRUNCATE, name, 0, NULL, 0);
    return fd;
}

static mode_t mode_of(int flags, va_list arguments) { return flags & O_CREAT ? (mode_t)va_arg(arguments, int) : 0; }

static int exists(const char *path) { return access(path, F_OK) == 0; }

#define OPEN(symbol) \
    int symbol(const char *path, int flags, ...) \
    { \
        REAL(symbol); \
        va_list arguments; \
        va_start(arguments, flags); \
        mode_t mode = mode_of(flags, arguments); \
        va_end(arguments); \
        int existed = exists(path); \
        return opened(real(path, flags, mode), path, flags, existed); \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(symbol) \
    int symbol(int directory, const char *path, int flags, ...) \
    { \
        REAL(symbol); \
        va_list arguments; \
        va_start(arguments, flags); \
        mode_t mode = mode_of(flags, arguments); \
        va_end(arguments); \
        int existed = faccessat(directory, path, F_OK, 0) == 0; \
        return opened(real(directory, path, flags, mode), path, flags, existed); \
    }
OPENAT(openat)
OPENAT(openat64)

int close(int fd)
{
    REAL(close);
    if (fd >= 0 && fd < FILES) names[fd][0] = 0;
    return real(fd);
}

#define PWRITE(symbol, offset_type) \
    ssize_t symbol(int fd, const void *data, size_t size, offset_type offset) \
    { \
        REAL(symbol); \
        ssize_t written = real(fd, data, size, offset); \
        if (written > 0 && name_of(fd)) note(WRITE, name_of(fd), (uint64_t)offset, data, (uint64_t)written); \
        return written; \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

ssize_t write(int fd, const void *data, size_t size)
{
    REAL(write);
    ssize_t written = real(fd, data, size);
    if (written > 0 && name_of(fd)) {
        uint64_t end = (uint64_t)lseek(fd, 0, SEEK_CUR);
        note(WRITE, name_of(fd), end - (uint64_t)written, data, (uint64_t)written);
    }
    return written;
}

#define FTRUNCATE(symbol, size_type) \
    int symbol(int fd, size_type size) \
    { \
        REAL(symbol); \
        int result = real(fd, size); \
        if (!result && name_of(fd)) note(TRUNCATE, name_of(fd), (uint64_t)size, NULL, 0); \
        return result; \
    }
FTRUNCATE(ftruncate, off_t)
FTRUNCATE(ftruncate64, off64_t)

/* The sync of a directory makes durable which files there are; SQLite does it when it has made a journal. */
static const char *synced_name(int fd)
{
    struct stat status;
    if (name_of(fd)) return name_of(fd);
    return !fstat(fd, &status) && S_ISDIR(status.st_mode) ? "." : NULL;
}

#define SYNCED(symbol) \
    int symbol(int fd) \
    { \
        REAL(symbol); \
        int result = real(fd); \
        if (!result && synced_name(fd)) note(SYNC, synced_name(fd), 0, NULL, 0); \
        return result; \
    }
SYNCED(fsync)
SYNCED(fdatasync)

int unlink(const char *path)
{
    REAL(unlink);
    int result = real(path);
    if (!result && ours(path)) note(UNLINK, ours(path), 0, NULL, 0);
    return result;
}
