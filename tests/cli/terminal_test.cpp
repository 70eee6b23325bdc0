#include <gtest/gtest.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "cli/progress_line.h"

namespace sinter {
namespace {

// What the program writes to a terminal of so many columns, and how it ends.
std::string on_terminal(unsigned short columns, int& exit_code) {
  winsize size{.ws_row = 24, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
  int terminal = -1;
  const pid_t child = forkpty(&terminal, nullptr, nullptr, &size);
  if (child == 0) {
    execl(SINTER_PROGRAM, "sinter", "train", "lenet_relu", "--data", "synthetic", "--epochs", "2", "--limit",
          "600", "--batch-size", "20", "--lr", "0.05", nullptr);
    _exit(127);
  }
  std::string text;
  char buffer[4096];
  for (ssize_t count = 0; (count = read(terminal, buffer, sizeof buffer)) > 0;) text.append(buffer, count);
  int status = 0;
  waitpid(child, &status, 0);
  close(terminal);
  exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return text;
}

// Characters as they stand on the screen: UTF-8 sequences count once, control sequences not at all.
size_t width(const std::string& frame) {
  size_t columns = 0;
  for (size_t i = 0; i < frame.size(); ++i) {
    if (frame[i] == '\033')
      i = frame.find('K', i);
    else if ((static_cast<unsigned char>(frame[i]) & 0xc0) != 0x80 && frame[i] != '\n')
      ++columns;
  }
  return columns;
}

cli::Sparkline falling() {
  cli::Sparkline losses;
  for (int i = 0; i < 100; ++i) losses.add(1.0 / (1 + i));
  return losses;
}

TEST(Progress, BarAndCurveBothStandInEightyColumns) {
  const cli::Sparkline losses = falling();
  Progress progress{.epoch = 3, .images = 30000, .images_total = 60000, .seconds = 2};
  progress.score = {.loss = 0.5, .accuracy = 0.8125};
  EXPECT_EQ(cli::progress_text(progress, 10, losses, 80),
            "epoch 3/10 ████░░░░ █▂▁▁▁▁▁▁▁  50% loss 0.5000 acc 0.8125 15000 img/s 0:30 left");
  EXPECT_EQ(
      cli::progress_text(progress, 10, losses, 120),
      "epoch 3/10 ████████████░░░░░░░░░░░░ █▃▂▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁  50 %  loss 0.5000  acc 0.8125  15000 "
      "images/s  0:30 left");
  EXPECT_EQ(cli::progress_text(progress, 10, losses, 60),
            "epoch 3/10 ████░░░░ █▂▁▁▁▁  50% loss 0.5000 acc 0.8125 0:30");
  EXPECT_EQ(cli::progress_text(progress, 10, losses, 50),
            "epoch 3/10 ███░░  50% loss 0.5000 acc 0.8125 0:30");
  EXPECT_EQ(cli::progress_text(progress, 10, losses, 40), "epoch 3/10   50% loss 0.5000 acc 0.8125");
}

TEST(Progress, TheSpeedIsThatOfThisRun) {
  Progress progress{.epoch = 1, .images = 600, .images_total = 1000, .images_before = 500, .seconds = 1};
  EXPECT_NE(cli::progress_text(progress, 1, falling(), 100).find(" 100 images/s  0:04 left"),
            std::string::npos)
      << cli::progress_text(progress, 1, falling(), 100);
}

TEST(Terminal, AProgressLineFitsAndGivesWayToTheEpochsLine) {
  for (const unsigned short columns : {120, 80, 60, 40}) {
    int exit_code = -1;
    const std::string text = on_terminal(columns, exit_code);
    EXPECT_EQ(exit_code, 0) << text;
    size_t frames = 0, widest = 0;
    for (size_t at = text.find("\r\033[Kepoch 1/2 "); at != std::string::npos;) {
      const size_t end = text.find('\r', at + 1);
      const std::string frame = text.substr(at + 1, end - at - 1);
      at = text.find("\r\033[Kepoch 1/2 ", end);
      if (frame.find("train accuracy") != std::string::npos) continue;  // the line that stays
      EXPECT_LT(width(frame), columns) << frame;
      widest = std::max(widest, width(frame));
      ++frames;
    }
    EXPECT_GE(frames, 1U) << text;
    EXPECT_EQ(text.find("█") != std::string::npos, columns > 40)
        << "the words leave no room for a bar in 40 columns";
    EXPECT_EQ(text.find("▁") != std::string::npos, columns > 40) << "the curve of the loss";
    EXPECT_EQ(text.find(" images/s  0:0") != std::string::npos, columns > 80) << text;
    EXPECT_NE(text.find("\r\033[Kepoch 1/2  loss "), std::string::npos) << "the line that stays";
  }
}

}  // namespace
}  // namespace sinter
