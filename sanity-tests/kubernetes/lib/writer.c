/* A load that proves itself: writer run DATA ACKS writes numbered records to DATA, a file or a block device, each with
 * O_DIRECT and O_DSYNC, and notes in ACKS, which is elsewhere, number and time of every record that was acknowledged.
 * It goes on where an earlier run has ended, and ends at the first error. writer dump DATA prints the number of the
 * record in every slot that holds a whole one. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { RECORD_BYTES = 4096, WORDS = RECORD_BYTES / 8, SLOTS = 1024, PAUSE_MICROS = 2000 };

static uint64_t record[WORDS] __attribute__((aligned(RECORD_BYTES)));

static uint64_t word(uint64_t number, int i) {
  uint64_t mixed = (number * 512 + i) * 0x9E3779B97F4A7C15u;
  return mixed ^ (mixed >> 29);
}

static void fail(const char *what) {
  fprintf(stderr, "writer: %s: %s\n", what, strerror(errno));
  exit(1);
}

static void end(int signal) {
  _exit(0);
}

/* The number of the whole record in this slot, 0 if there is none. */
static uint64_t read_slot(int fd, int slot) {
  ssize_t got = pread(fd, record, RECORD_BYTES, (off_t)slot * RECORD_BYTES);
  if (got < 0) {
    fail("read");
  }
  if (got != RECORD_BYTES || record[0] % SLOTS != (uint64_t)slot) {
    return 0;
  }
  for (int i = 1; i < WORDS; i++) {
    if (record[i] != word(record[0], i)) {
      return 0;
    }
  }
  return record[0];
}

static void run(int fd, const char *acks_path) {
  int acks = open(acks_path, O_WRONLY | O_CREAT | O_APPEND, 0644);
  if (acks < 0) {
    fail(acks_path);
  }
  uint64_t number = 0;
  for (int slot = 0; slot < SLOTS; slot++) {
    uint64_t found = read_slot(fd, slot);
    number = found > number ? found : number;
  }
  for (;;) {
    number++;
    record[0] = number;
    for (int i = 1; i < WORDS; i++) {
      record[i] = word(number, i);
    }
    if (pwrite(fd, record, RECORD_BYTES, (off_t)(number % SLOTS) * RECORD_BYTES) != RECORD_BYTES) {
      fail("write");
    }
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    char line[64];
    int length = snprintf(line, sizeof line, "%llu %lld\n", (unsigned long long)number,
                          now.tv_sec * 1000LL + now.tv_nsec / 1000000);
    if (write(acks, line, length) != length) {
      fail("acks");
    }
    usleep(PAUSE_MICROS);
  }
}

int main(int argc, char **argv) {
  signal(SIGTERM, end); /* process 1 of a container has no default for it */
  int running = argc == 4 && strcmp(argv[1], "run") == 0;
  if (!running && !(argc == 3 && strcmp(argv[1], "dump") == 0)) {
    fprintf(stderr, "usage: writer run DATA ACKS | writer dump DATA\n");
    return 2;
  }
  int fd = open(argv[2], running ? O_RDWR | O_CREAT | O_DIRECT | O_DSYNC : O_RDONLY | O_DIRECT, 0644);
  if (fd < 0) {
    fail(argv[2]);
  }
  if (running) {
    run(fd, argv[3]);
  }
  for (int slot = 0; slot < SLOTS; slot++) {
    uint64_t found = read_slot(fd, slot);
    if (found != 0) {
      printf("%llu\n", (unsigned long long)found);
    }
  }
  return 0;
}
