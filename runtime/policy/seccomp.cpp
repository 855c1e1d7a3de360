#include "runtime/policy/seccomp.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <vector>

namespace lorarun::policy {

namespace {

#if defined(__x86_64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
constexpr uint32_t kArchitecture = 0;
#endif

constexpr uint32_t kSyscallBit32 = 0x40000000;  // marks the x32 calls of x86-64

using Program = std::vector<sock_filter>;

sock_filter statement(uint16_t code, uint32_t value) {
  return BPF_STMT(code, value);
}

sock_filter jump(uint16_t code, uint32_t value, uint8_t when_true, uint8_t when_false) {
  return BPF_JUMP(code, value, when_true, when_false);
}

void load(Program* program, size_t offset) {
  program->push_back(statement(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset)));
}

void give(Program* program, uint32_t verdict) {
  program->push_back(statement(BPF_RET | BPF_K, verdict));
}

void load_number(Program* program) {
  load(program, offsetof(seccomp_data, nr));
}

// With the call's number loaded: allows this one.
void allow(Program* program, long call) {
  program->push_back(jump(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(call), 0, 1));
  give(program, SECCOMP_RET_ALLOW);
}

// The low half of an argument; the values compared here have an empty high half.
size_t argument_offset(int argument) {
  return offsetof(seccomp_data, args) + sizeof(uint64_t) * static_cast<size_t>(argument);
}

// With the number loaded: allows the call where the argument is `value`, kills where it is not.
void allow_with(Program* program, long call, int argument, uint32_t value) {
  program->push_back(jump(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(call), 0, 4));
  load(program, argument_offset(argument));
  program->push_back(jump(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1));
  give(program, SECCOMP_RET_ALLOW);
  give(program, SECCOMP_RET_KILL_PROCESS);
}

// The same where none of `bits` is set in the argument.
void allow_without(Program* program, long call, int argument, uint32_t bits) {
  program->push_back(jump(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(call), 0, 4));
  load(program, argument_offset(argument));
  program->push_back(jump(BPF_JMP | BPF_JSET | BPF_K, bits, 1, 0));
  give(program, SECCOMP_RET_ALLOW);
  give(program, SECCOMP_RET_KILL_PROCESS);
}

void begin(Program* program) {
  load(program, offsetof(seccomp_data, arch));
  program->push_back(jump(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0));
  give(program, SECCOMP_RET_KILL_PROCESS);
  load_number(program);
  program->push_back(jump(BPF_JMP | BPF_JGE | BPF_K, kSyscallBit32, 0, 1));
  give(program, SECCOMP_RET_KILL_PROCESS);
}

[[maybe_unused]] Program the_list(int socket) {
  Program program;
  begin(&program);
  for (const long call :
       {SYS_brk, SYS_munmap, SYS_mremap, SYS_madvise, SYS_futex, SYS_clock_gettime,
        SYS_gettimeofday, SYS_getrandom, SYS_sched_yield, SYS_rt_sigreturn, SYS_rt_sigprocmask,
        SYS_restart_syscall, SYS_ppoll, SYS_getpid, SYS_gettid, SYS_exit, SYS_exit_group}) {
    allow(&program, call);
  }
#if defined(SYS_poll)
  allow(&program, SYS_poll);
#endif
  const auto channel = static_cast<uint32_t>(socket);
  for (const long call : {SYS_read, SYS_write, SYS_recvfrom, SYS_sendto}) {
    allow_with(&program, call, 0, channel);
  }
  allow_with(&program, SYS_tgkill, 0, static_cast<uint32_t>(getpid()));  // abort()
  allow_without(&program, SYS_mmap, 2, PROT_EXEC);
  allow_without(&program, SYS_mprotect, 2, PROT_EXEC);
  give(&program, SECCOMP_RET_KILL_PROCESS);
  return program;
}

}  // namespace

std::string forbid_system_calls(int socket) {
#if defined(__SANITIZE_ADDRESS__)
  return "this build has a sanitizer, which needs other system calls";
#else
  if (kArchitecture == 0) { return "there is no list for this processor"; }
  Program list = the_list(socket);
  const sock_fprog program = {static_cast<unsigned short>(list.size()), list.data()};
  const long failed =
      syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
  return failed == 0 ? "" : std::string("the kernel refuses a filter: ") + std::strerror(errno);
#endif
}

}  // namespace lorarun::policy
