// The live socket: who may come in, and what a client cannot do to a run.

#include "runtime/live/server.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <thread>

#include "runtime/base/clock.h"
#include "runtime/live/client.h"
#include "tests/base/scratch.h"

namespace lorarun::live {
namespace {

void sleep_ms(int milliseconds) {
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

// A run folder, and a folder for sockets that only this test sees.
class Live : public testing::Test {
 protected:
  void SetUp() override {
    setenv("XDG_RUNTIME_DIR", scratch_.path().c_str(), 1);
    fs::create_directories(run_);
  }

  Scratch scratch_;
  fs::path run_ = scratch_.path() / "runs/one";
};

// Answers `count` requests with what `answer` gives, as a main thread would.
template <typename Answer>
void serve(Server& server, int count, Answer answer) {
  while (count > 0 && server.wait(5)) {
    while (auto request = server.take()) {
      server.reply(request->ticket, answer(*request));
      --count;
    }
  }
}

// A connection without the good manners of Client.
int raw_connection(const fs::path& socket) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, socket.c_str(), sizeof address.sun_path - 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  EXPECT_EQ(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  return fd;
}

std::string read_line(int fd) {
  std::string line;
  char byte = 0;
  while (recv(fd, &byte, 1, 0) == 1 && byte != '\n') { line += byte; }
  return line;
}

void send_text(int fd, const std::string& text) {
  ASSERT_EQ(send(fd, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
}

bool is_closed(int fd) {
  char byte = 0;
  return recv(fd, &byte, 1, 0) <= 0;
}

mode_t mode_of(const fs::path& path) {
  struct stat facts = {};
  EXPECT_EQ(lstat(path.c_str(), &facts), 0);
  return facts.st_mode & 0777;
}

TEST_F(Live, SocketAndFolderAreTheOwnersOnly) {
  const Server server(run_);
  EXPECT_EQ(mode_of(server.presence().socket), 0700u);
  EXPECT_EQ(mode_of(server.presence().socket.parent_path()), 0700u);
}

TEST_F(Live, TheRunFolderSaysWhereTheRunIsReachedUntilItEnds) {
  {
    const Server server(run_);
    const auto found = find_presence(run_);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->pid, getpid());
    EXPECT_EQ(found->socket, server.presence().socket);
    EXPECT_EQ(list_presences().size(), 1u);
  }
  EXPECT_FALSE(find_presence(run_));
  EXPECT_TRUE(list_presences().empty());
  EXPECT_TRUE(fs::is_empty(scratch_.path() / "lorarun"));
}

TEST_F(Live, ADeadProcessThatNobodyWaitedForIsNoRunningRun) {
  const pid_t child = fork();
  if (child == 0) { _exit(0); }
  siginfo_t ended = {};
  waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT);
  socket_folder();
  write_presence({child, run_, socket_of(run_), utc_now()});
  EXPECT_EQ(kill(child, 0), 0);
  EXPECT_FALSE(find_presence(run_));
  EXPECT_TRUE(list_presences().empty());
  waitpid(child, nullptr, 0);
}

TEST_F(Live, StatusIsAnsweredWhileTheMainThreadWorks) {
  Server server(run_);
  server.set_snapshot({{"step", 12}});
  Client client(run_);
  const Json answer = client.call({{"op", "status"}}, 5);
  EXPECT_EQ(answer["status"]["step"], 12);
}

TEST_F(Live, OtherRequestsWaitForTheMainThread) {
  Server server(run_);
  std::thread asking([&] {
    Client client(run_);
    const Json answer = client.call({{"op", "tweak"}, {"key", "lr"}}, 5);
    EXPECT_EQ(answer["ok"], true);
    EXPECT_EQ(answer["echo"], "lr");
  });
  serve(server, 1, [](const Request& request) {
    EXPECT_EQ(request.op, "tweak");
    return Json{{"echo", request.body["key"]}};
  });
  asking.join();
}

TEST_F(Live, ClientsAreToldApart) {
  Server server(run_);
  std::vector<std::thread> asking;
  for (int number = 0; number < 2; ++number) {
    asking.emplace_back([this, number] {
      Client client(run_);
      for (int i = 0; i < 50; ++i) {
        const Json answer = client.call({{"op", "echo"}, {"value", number * 1000 + i}}, 5);
        EXPECT_EQ(answer["value"], number * 1000 + i);
      }
    });
  }
  serve(server, 100, [](const Request& request) { return Json{{"value", request.body["value"]}}; });
  for (std::thread& thread : asking) { thread.join(); }
}

TEST_F(Live, TornAndWrongLinesAreAnsweredWithAReason) {
  const Server server(run_);
  const int fd = raw_connection(server.presence().socket);
  send_text(fd, "{\"op\":\"sta");
  sleep_ms(20);
  send_text(fd, "tus\"}\n");
  EXPECT_EQ(Json::parse(read_line(fd))["ok"], true);
  for (const char* wrong : {"{\"op\":\n", "[1]\n", "\xff\xfe\n", "{\"op\":7}\n", "{}\n"}) {
    send_text(fd, wrong);
    EXPECT_EQ(Json::parse(read_line(fd))["ok"], false) << wrong;
  }
  send_text(fd,
            "{\"op\":\"eval\",\"x\":" + std::string(5000, '[') + std::string(5000, ']') + "}\n");
  EXPECT_EQ(Json::parse(read_line(fd))["error"]["what"], "the request is nested deeper than 16");
  ::close(fd);
}

TEST_F(Live, ALineWithoutEndClosesItsConnectionOnly) {
  const Server server(run_);
  const int fd = raw_connection(server.presence().socket);
  const std::string part(1024, 'x');
  for (int i = 0; i < 200; ++i) {
    if (send(fd, part.data(), part.size(), MSG_NOSIGNAL) < 0) { break; }
  }
  EXPECT_EQ(Json::parse(read_line(fd))["error"]["what"], "a line is longer than 65536 bytes");
  EXPECT_TRUE(is_closed(fd));
  ::close(fd);
  EXPECT_EQ(Client(run_).call({{"op", "status"}}, 5)["ok"], true);
}

TEST_F(Live, AFloodOfRequestsStaysInTheSocket) {
  Server server(run_);
  const int fd = raw_connection(server.presence().socket);
  fcntl(fd, F_SETFL, O_NONBLOCK);
  const std::string line = "{\"op\":\"eval\",\"line\":\"1\"}\n";
  for (int i = 0; i < 100000; ++i) { send(fd, line.data(), line.size(), MSG_NOSIGNAL); }
  sleep_ms(100);
  size_t taken = 0;
  while (server.take()) { ++taken; }
  EXPECT_EQ(taken, 64u);
  EXPECT_EQ(Client(run_).call({{"op", "status"}}, 5)["ok"], true);
  ::close(fd);
}

TEST_F(Live, AClientThatDoesNotReadIsDropped) {
  ServerLimits limits;
  limits.output_bytes = 1 << 20;
  Server server(run_, limits);
  const int fd = raw_connection(server.presence().socket);
  const double started = steady_now_s();
  for (int i = 0; i < 64; ++i) { send_text(fd, "{\"op\":\"eval\"}\n"); }
  int answered = 0;
  while (server.clients() > 0 && steady_now_s() - started < 5) {
    server.wait(0.01);
    while (auto request = server.take()) {
      server.reply(request->ticket, {{"out", std::string(64 << 10, 'x')}});
      ++answered;
    }
  }
  EXPECT_EQ(server.clients(), 0u);
  EXPECT_LE(answered, 64);
  EXPECT_LT(steady_now_s() - started, 5);
  ::close(fd);
}

TEST_F(Live, AClientThatStopsReadingIsDroppedAfterAWhile) {
  ServerLimits limits;
  limits.stalled_s = 0.2;
  Server server(run_, limits);
  server.set_snapshot({{"text", std::string(20000, 'x')}});
  const int fd = raw_connection(server.presence().socket);
  for (int i = 0; i < 60; ++i) { send_text(fd, "{\"op\":\"status\"}\n"); }
  const double started = steady_now_s();
  while (server.clients() > 0 && steady_now_s() - started < 5) { sleep_ms(20); }
  EXPECT_EQ(server.clients(), 0u);
  ::close(fd);
}

TEST_F(Live, RequestsOfAClientThatWentAreForgotten) {
  Server server(run_);
  const int fd = raw_connection(server.presence().socket);
  send_text(fd, "{\"op\":\"tweak\"}\n");
  ASSERT_TRUE(server.wait(5));
  ::close(fd);
  while (server.clients() > 0) { sleep_ms(5); }
  EXPECT_FALSE(server.take());
}

TEST_F(Live, MoreClientsThanTheLimitAreToldSo) {
  ServerLimits limits;
  limits.clients = 2;
  const Server server(run_, limits);
  Client first(run_), second(run_);
  EXPECT_EQ(first.call({{"op", "status"}}, 5)["ok"], true);
  EXPECT_EQ(second.call({{"op", "status"}}, 5)["ok"], true);
  const int third = raw_connection(server.presence().socket);
  EXPECT_EQ(Json::parse(read_line(third))["error"]["what"], "this run has 2 clients already");
  EXPECT_TRUE(is_closed(third));
  ::close(third);
}

TEST_F(Live, AnInterruptReachesTheRequestUnderWay) {
  Server server(run_);
  Client client(run_);
  client.send({{"op", "eval"}});
  ASSERT_TRUE(server.wait(5));
  const auto request = server.take();
  EXPECT_FALSE(server.is_interrupted(request->ticket));
  client.send({{"op", "interrupt"}});
  const double started = steady_now_s();
  while (!server.is_interrupted(request->ticket) && steady_now_s() - started < 5) { sleep_ms(2); }
  EXPECT_TRUE(server.is_interrupted(request->ticket));
}

TEST_F(Live, TheEndIsSaidToAllClients) {
  auto server = std::make_unique<Server>(run_);
  Client first(run_), second(run_);
  first.call({{"op", "status"}}, 5);
  second.call({{"op", "status"}}, 5);
  server->close({{"status", "complete"}});
  for (Client* client : {&first, &second}) {
    EXPECT_EQ((*client->next(5))["status"], "complete");
    EXPECT_THROW(client->call({{"op", "status"}}, 5), Error);
  }
}

TEST_F(Live, ASocketThatAKilledProcessLeftIsReplaced) {
  const fs::path socket = socket_of(run_);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, socket.c_str(), sizeof address.sun_path - 1);
  const int left = ::socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(bind(left, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ::close(left);
  ASSERT_TRUE(fs::exists(socket));
  Server server(run_);
  EXPECT_EQ(Client(run_).call({{"op", "status"}}, 5)["ok"], true);
}

TEST_F(Live, ASecondServerForARunIsRefused) {
  const Server first(run_);
  try {
    const Server second(run_);
    FAIL() << "it opened";
  } catch (const Error& error) {
    EXPECT_EQ(error.headline(), "another process listens for this run");
  }
  EXPECT_EQ(Client(run_).call({{"op", "status"}}, 5)["ok"], true);
}

TEST_F(Live, AFolderOfSocketsThatOthersMayEnterIsRefusedByName) {
  fs::create_directories(scratch_.path() / "lorarun");
  chmod((scratch_.path() / "lorarun").c_str(), 0755);
  try {
    const Server server(run_);
    FAIL() << "it opened";
  } catch (const Error& error) {
    EXPECT_EQ(error.headline(), "the folder of sockets is open to other users");
    EXPECT_EQ(error.place(), (scratch_.path() / "lorarun").string());
    EXPECT_EQ(error.remedy(), "chmod 700 " + (scratch_.path() / "lorarun").string());
  }
}

TEST_F(Live, AFolderOfSocketsThatIsALinkIsRefused) {
  fs::create_directories(scratch_.path() / "elsewhere");
  fs::create_directory_symlink(scratch_.path() / "elsewhere", scratch_.path() / "lorarun");
  EXPECT_THROW(Server{run_}, Error);
}

TEST_F(Live, AClientRefusesASocketThatOthersMayUse) {
  const Server server(run_);
  chmod(server.presence().socket.c_str(), 0666);
  EXPECT_THROW(Client{run_}, Error);
  chmod(server.presence().socket.c_str(), 0600);
  chmod(server.presence().socket.parent_path().c_str(), 0755);
  EXPECT_THROW(Client{run_}, Error);
}

TEST_F(Live, ARunFolderThatNamesAForeignSocketIsRefused) {
  std::ofstream(run_ / "live.json") << Json{{"pid", getpid()},
                                            {"folder", run_.string()},
                                            {"socket", "/run/some.sock"},
                                            {"started", "now"}};
  EXPECT_THROW(Client{run_}, Error);
}

TEST_F(Live, ARunWhoseProcessIsGoneIsNotRunning) {
  std::ofstream(run_ / "live.json") << Json{{"pid", 999999999},
                                            {"folder", run_.string()},
                                            {"socket", socket_of(run_).string()},
                                            {"started", "now"}};
  try {
    const Client client(run_);
    FAIL() << "it connected";
  } catch (const Error& error) { EXPECT_EQ(error.headline(), "this run is not running"); }
  std::ofstream(run_ / "live.json") << "{\"pid\": 1";
  EXPECT_FALSE(find_presence(run_));
}

TEST_F(Live, ARunThatIsBusyIsSaidToBe) {
  const Server server(run_);
  Client client(run_);
  try {
    client.call({{"op", "eval"}}, 0.1);
    FAIL() << "it was answered";
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), 1);
    EXPECT_TRUE(error.headline().starts_with("the run did not answer within"));
  }
}

TEST_F(Live, LongPathsAreRefusedBeforeTheyAreCut) {
  const fs::path deep = scratch_.path() / std::string(100, 'x');
  fs::create_directories(deep);
  setenv("XDG_RUNTIME_DIR", deep.c_str(), 1);
  EXPECT_THROW(socket_of(run_), Error);
}

}  // namespace
}  // namespace lorarun::live
