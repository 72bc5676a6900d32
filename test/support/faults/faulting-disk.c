/*
 * A disk that fails on order, for the process that it is preloaded into (LD_PRELOAD).
 *
 * The file that FAULT_CONTROL names holds `KIND N TIMES FOLDER`: of the operations below FOLDER that KIND is about, the Nth
 * from now on and TIMES - 1 behind it fail. `short` writes a half and then finds the disk full; `enospc` and `eio` write
 * nothing; `fsync` fails to sync. Each failure is appended to FAULT_CONTROL.fired, and each sync that succeeds to
 * FAULT_CONTROL.synced as `SIZE PATH`: what lies behind is lost with the power.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char order[PATH_MAX + 64];
static int seen;

static void note(const char *suffix, const char *text) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s.%s", getenv("FAULT_CONTROL"), suffix);
  int file = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (file < 0) return;
  syscall(SYS_write, file, text, strlen(text));
  syscall(SYS_close, file);
}

/* The file of a descriptor where it lies below the folder of the order; 0 where it does not. */
static int concerned(int fd, char *path, char *kind, int *first, int *times) {
  const char *control = getenv("FAULT_CONTROL");
  char link[64], folder[PATH_MAX], now[sizeof order];
  if (control == NULL) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, PATH_MAX - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  int file = syscall(SYS_openat, AT_FDCWD, control, O_RDONLY);
  if (file < 0) return 0;
  length = syscall(SYS_read, file, now, sizeof now - 1);
  syscall(SYS_close, file);
  if (length <= 0) return 0;
  now[length] = 0;
  if (strcmp(now, order) != 0) {
    strcpy(order, now);
    seen = 0;
  }
  if (sscanf(now, "%15s %d %d %4095s", kind, first, times, folder) != 4) return 0;
  /* level's own story of what it does is nothing that anybody reads back. */
  return strncmp(path, folder, strlen(folder)) == 0 && strcmp(path + strlen(path) - 4, "/LOG") != 0;
}

static int due(int first, int times) {
  seen += 1;
  if (seen < first || seen >= first + times) return 0;
  note("fired", "1\n");
  return 1;
}

/* level writes by stdio, whose own calls cannot be caught: what it opens to write is a stream over these functions. */
#define STREAMS 256
static struct {
  FILE *stream;
  int fd;
} streams[STREAMS];

static ssize_t write_stream(void *cookie, const char *bytes, size_t count) {
  char path[PATH_MAX], kind[16];
  int fd = (int)(long)cookie, first, times, fault = 0;
  pthread_mutex_lock(&lock);
  if (concerned(fd, path, kind, &first, &times) && strcmp(kind, "fsync") != 0 && strcmp(kind, "none") != 0 &&
      due(first, times))
    fault = kind[0] == 's' ? 's' : kind[1];
  pthread_mutex_unlock(&lock);
  if (fault == 0) {
    size_t done = 0;
    while (done < count) {
      ssize_t once = syscall(SYS_write, fd, bytes + done, count - done);
      if (once <= 0) return done;
      done += once;
    }
    return done;
  }
  ssize_t done = fault == 's' ? syscall(SYS_write, fd, bytes, count / 2) : 0;
  errno = fault == 'i' ? EIO : ENOSPC;
  return done < 0 ? 0 : done;
}

static int close_stream(void *cookie) { return syscall(SYS_close, (int)(long)cookie); }

FILE *fopen64(const char *path, const char *mode) {
  static FILE *(*real)(const char *, const char *);
  if (real == NULL) real = dlsym(RTLD_NEXT, "fopen64");
  if (getenv("FAULT_CONTROL") == NULL || mode[0] == 'r') return real(path, mode);
  int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (mode[0] == 'a' ? O_APPEND : O_TRUNC);
  int fd = syscall(SYS_openat, AT_FDCWD, path, flags, 0644);
  if (fd < 0) return NULL;
  FILE *stream = fopencookie((void *)(long)fd, mode, (cookie_io_functions_t){NULL, write_stream, NULL, close_stream});
  pthread_mutex_lock(&lock);
  for (int i = 0; i < STREAMS; i++)
    if (streams[i].stream == NULL || streams[i].stream == stream) {
      streams[i].stream = stream;
      streams[i].fd = fd;
      break;
    }
  pthread_mutex_unlock(&lock);
  return stream;
}

int fclose(FILE *stream) {
  static int (*real)(FILE *);
  if (real == NULL) real = dlsym(RTLD_NEXT, "fclose");
  pthread_mutex_lock(&lock);
  for (int i = 0; i < STREAMS; i++)
    if (streams[i].stream == stream) streams[i].stream = NULL;
  pthread_mutex_unlock(&lock);
  return real(stream);
}

int fileno(FILE *stream) {
  static int (*real)(FILE *);
  int fd = -1;
  if (real == NULL) real = dlsym(RTLD_NEXT, "fileno");
  pthread_mutex_lock(&lock);
  for (int i = 0; i < STREAMS; i++)
    if (streams[i].stream == stream) fd = streams[i].fd;
  pthread_mutex_unlock(&lock);
  return fd >= 0 ? fd : real(stream);
}

static int sync_of(int fd, long call) {
  char path[PATH_MAX], kind[16];
  int first, times, fault = 0;
  struct stat state;
  pthread_mutex_lock(&lock);
  int known = concerned(fd, path, kind, &first, &times);
  if (known && strcmp(kind, "fsync") == 0 && due(first, times)) fault = 1;
  pthread_mutex_unlock(&lock);
  if (fault) {
    errno = EIO;
    return -1;
  }
  int result = syscall(call, fd);
  if (known && result == 0 && fstat(fd, &state) == 0) {
    char line[PATH_MAX + 32];
    snprintf(line, sizeof line, "%lld %s\n", (long long)state.st_size, path);
    note("synced", line);
  }
  return result;
}

int fdatasync(int fd) { return sync_of(fd, SYS_fdatasync); }
int fsync(int fd) { return sync_of(fd, SYS_fsync); }
