/*
 * A ClickHouse server out of chdb's library, which holds the whole engine and can open its HTTP port.
 *
 *   clickhouse-server LIBRARY DATA-DIRECTORY HTTP-PORT
 *
 * Listens on loopback only, without users or passwords. It serves for as long as its standard input is open: the query
 * that keeps it alive reads from there, so that it ends with the process that started it, however that one ends.
 */
#include <dlfcn.h>
#include <stdio.h>

/* As chdb.h declares it. */
struct local_result_v2 {
  char *buf;
  size_t len;
  void *vector;
  double elapsed;
  unsigned long rows_read;
  unsigned long bytes_read;
  char *error_message;
};

typedef struct local_result_v2 *(*query_function)(int argument_count, char **arguments);

int main(int count, char **given) {
  if (count != 4) {
    fprintf(stderr, "usage: %s LIBRARY DATA-DIRECTORY HTTP-PORT\n", given[0]);
    return 64;
  }
  void *library = dlopen(given[1], RTLD_NOW | RTLD_GLOBAL);
  query_function query = library ? (query_function)dlsym(library, "query_stable_v2") : NULL;
  if (!query) {
    fprintf(stderr, "cannot use the library: %s\n", dlerror());
    return 69;
  }

  char path[4096], port[32];
  snprintf(path, sizeof path, "--path=%s", given[2]);
  snprintf(port, sizeof port, "--http_port=%s", given[3]);
  char *arguments[] = {
      "clickhouse", "--multiquery", path, "--listen_host=127.0.0.1", port, "--tcp_port=0",
      "--query=SYSTEM START LISTEN HTTP; SELECT * FROM file('-', 'LineAsString', 'line String') FORMAT Null",
  };
  struct local_result_v2 *result = query(sizeof arguments / sizeof *arguments, arguments);
  if (result && result->error_message) {
    fprintf(stderr, "%s\n", result->error_message);
    return 1;
  }
  return 0;
}
