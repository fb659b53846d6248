// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace test {

/// Another program, which does not outlive this object, nor the test should that be killed.
class child_process {
public:
    /// Starts `command`, found by PATH when it is no path, with its standard output and error going
    /// to the descriptor `output`.
    child_process(std::vector<std::string> command, const std::filesystem::path& directory,
                  int output) {
        int lifetime[2];
        if (::pipe2(lifetime, O_CLOEXEC) != 0) fail("pipe2");
        std::vector<char*> arguments;
        for (std::string& argument : command)
            arguments.push_back(argument.data());
        arguments.push_back(nullptr);
        process_ = ::fork();
        if (process_ == 0) run(arguments.data(), directory.c_str(), output, lifetime[1]);
        ::close(lifetime[1]);
        lifetime_ = lifetime[0];
        if (process_ < 0) fail("fork");
    }
    ~child_process() {
        if (process_ > 0) signal(SIGKILL);
        if (process_ > 0) ::waitpid(process_, nullptr, 0);
        ::close(lifetime_);
    }
    child_process(const child_process&) = delete;
    child_process& operator=(const child_process&) = delete;

    void signal(int number) { ::kill(process_, number); }

    bool has_exited() { return wait_for(std::chrono::milliseconds{0}); }

    /// The exit status of the program, which must end within 10 s; 128 + the signal that killed it.
    int wait() {
        if (!wait_for(std::chrono::seconds{10})) throw std::runtime_error{"child does not end"};
        int status = 0;
        ::waitpid(std::exchange(process_, -1), &status, 0);
        return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    }

private:
    [[noreturn]] static void fail(const char* call) {
        throw std::system_error{errno, std::generic_category(), call};
    }

    /// In the child, where only calls are allowed that a signal handler may make.
    [[noreturn]] static void run(char** arguments, const char* directory, int output,
                                 int lifetime) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        const int null = ::open("/dev/null", O_RDONLY);
        // The sockets of the test must not live on here: their peers would not see them close.
        if (::chdir(directory) == 0 && ::dup2(null, 0) == 0 && ::dup2(output, 1) == 1 &&
            ::dup2(output, 2) == 2 && (lifetime == 3 || ::dup2(lifetime, 3) == 3) &&
            ::fcntl(3, F_SETFD, 0) == 0 && ::close_range(4, ~0U, 0) == 0) {
            ::execvp(arguments[0], arguments);
        }
        ::_exit(127);
    }

    /// The child holds one end of a pipe, which closes with it.
    bool wait_for(std::chrono::milliseconds limit) {
        if (process_ < 0) return true;
        pollfd end{lifetime_, POLLIN, 0};
        return ::poll(&end, 1, static_cast<int>(limit.count())) == 1;
    }

    pid_t process_ = -1;
    int lifetime_ = -1;
};

}  // namespace test
