#include <string.h>

#include "cmd/line/command.h"
#include "cmd/line/program.h"
#include "runtime/native_stable.h"

int main(int argc, char **argv)
{
    /* What a worker starts its native stable as: before anything of a command, the stable stays small. */
    if (argc > 1 && strcmp(argv[1], "stable-native") == 0)
        return cq_native_main(argc, argv);
    return cq_command_line(argc, argv);
}
