#include "tests/support/rig_stable.h"
#include "tests/support/suite.h"

/* Which modules a stable has loaded when it forks. */

/* Is a file of that name mapped into a process? */
static bool is_mapped(pid_t pid, const char *name)
{
    char line[1024];
    bool found = false;
    snprintf(line, sizeof(line), "/proc/%d/maps", (int)pid);
    FILE *maps = fopen(line, "re");
    ck_assert_ptr_nonnull(maps);
    while (fgets(line, sizeof(line), maps))
        found = found || strstr(line, name);
    fclose(maps);
    return found;
}

START_TEST(the_stable_loads_what_a_horse_had_to_load)
{
    struct link horse;
    start_stable(NULL);
    start_horse(1, &horse, NULL);
    ck_assert(!is_mapped(stable_pid, "module.so"));
    send_call(&horse, "[\"module.nothing\", null, [], {}]");
    expect(&horse, "done");
    ck_assert_int_eq(horse_status(1), 0);
    end_link(&horse);
    pid_t pid = start_horse(2, &horse, NULL);
    ck_assert(is_mapped(stable_pid, "module.so"));
    ck_assert(is_mapped(pid, "module.so"));
    send_call(&horse, "[\"module.add\", null, [1, 2], {}]");
    expect(&horse, "done");
    ck_assert_int_eq(horse_status(2), 0);
    end_link(&horse);
    stop_stable();
}
END_TEST

START_TEST(a_module_with_threads_is_kept_to_the_horses)
{
    struct link horse;
    start_stable(NULL);
    for (int i = 1; i <= 2; i++) {
        start_horse(i, &horse, NULL);
        send_call(&horse, "[\"threads.nothing\", null, [], {}]");
        expect(&horse, "done");
        ck_assert_int_eq(horse_status(i), 0);
        end_link(&horse);
    }
    start_horse(3, &horse, NULL);
    ck_assert(!is_mapped(stable_pid, "threads.so"));
    end_link(&horse);
    stop_stable();
}
END_TEST

static void copy_file(const char *from, const char *to)
{
    char command[2300], part[1100];
    snprintf(part, sizeof(part), "%s.part", to);
    snprintf(command, sizeof(command), "cp '%s' '%s'", from, part);
    ck_assert_int_eq(system(command), 0);
    ck_assert_int_eq(rename(part, to), 0);
}

START_TEST(a_module_that_changes_is_loaded_anew)
{
    struct link horse, warm;
    char folder[] = "/tmp/cq-test-XXXXXX", module[64], first[1100], second[1100];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(module, sizeof(module), "%s/swap.so", folder);
    snprintf(first, sizeof(first), "%s/module.so", module_folder());
    snprintf(second, sizeof(second), "%s", build_folder("examples/demo.so"));
    copy_file(first, module);
    start_stable("--path", folder, NULL);
    for (int i = 1; i <= 2; i++) { /* the second has it from the stable */
        start_horse(i, &horse, NULL);
        send_call(&horse, "[\"swap.returns_five\", null, [], {}]");
        expect(&horse, "failed");
        ck_assert_int_eq(horse_status(i), 0);
        end_link(&horse);
    }
    start_horse(3, &warm, NULL);
    copy_file(second, module);
    send_call(&warm, "[\"swap.noop\", null, [], {}]");
    expect(&warm, "done");
    ck_assert_int_eq(horse_status(3), 0);
    end_link(&warm);
    start_horse(4, &horse, NULL);
    send_call(&horse, "[\"swap.returns_five\", null, [], {}]");
    struct cq_frame failed = expect(&horse, "failed");
    ck_contains(cq_frame_get_str(&failed, "exc"), "has no function returns_five");
    ck_assert_int_eq(horse_status(4), 0);
    end_link(&horse);
    stop_stable();
    unlink(module);
    rmdir(folder);
}
END_TEST

Suite *test_suite(void)
{
    TCase *tcase = tcase_create("native_modules");
    tcase_add_checked_fixture(tcase, NULL, kill_stable);
    tcase_add_test(tcase, the_stable_loads_what_a_horse_had_to_load);
    tcase_add_test(tcase, a_module_with_threads_is_kept_to_the_horses);
    tcase_add_test(tcase, a_module_that_changes_is_loaded_anew);
    return suite_of("runtime/native_modules", tcase);
}
