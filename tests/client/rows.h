// Rows of the API for tests: short spellings.
#ifndef LISTENQ_TESTS_CLIENT_ROWS_H_
#define LISTENQ_TESTS_CLIENT_ROWS_H_

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>

namespace listenq::client {

// In protobuf's text format.
template <typename Message>
Message Proto(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

}  // namespace listenq::client

#endif  // LISTENQ_TESTS_CLIENT_ROWS_H_
