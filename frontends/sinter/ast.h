#pragma once

#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

/// What a .sinter file says, as plain values; docs/language.md has the grammar. Names are views into the
/// text, places are byte offsets into it. A vector said to hold one item stands where a struct cannot hold
/// itself.
namespace sinter::language {

struct Expression;
struct Argument;
struct Stage;
using Stages = std::vector<Stage>;

struct Literal {
  std::variant<int64_t, double, bool, std::string_view> value;
};

struct Name {
  std::string_view text;
};

/// `(5, 3)`
struct Tuple {
  std::vector<Expression> items;
};

struct Operator {
  std::string_view text;
  size_t place;
};

/// `-a`, `not a`: one operand and its operator. `a + b - c`: operands from the left, an operator between each
/// two. A long sum is one of these, not a deep tree, so that depth is what the parser bounded.
struct Operation {
  std::vector<Expression> operands = {};
  std::vector<Operator> operators = {};
};

/// `add(main, side)`, or as a stage `conv2d(6, kernel_size=5)`, `relu`
struct Call {
  std::string_view callee;
  std::vector<Argument> arguments;
};

/// `in | conv2d(6, 5) | relu`
struct Chain {
  std::vector<Expression> source;  ///< one
  Stages stages;
};

/// `if a { x } else if b { y } else { z }`: one more result than conditions.
struct Choice {
  std::vector<Expression> conditions;
  std::vector<Expression> results;
};

struct Expression {
  size_t place;
  std::variant<Literal, Name, Tuple, Operation, Call, Chain, Choice> form;
};

struct Argument {
  std::string_view name;  ///< empty: by position
  size_t place;
  Expression value;
};

/// `| repeat 3 { conv2d(64, 3) | relu }`
struct Repeat {
  std::vector<Expression> count;  ///< one
  Stages body;
};

/// `| if normalize { batch_norm } else { identity }`: as many results as conditions, or one more.
struct StageChoice {
  std::vector<Expression> conditions;
  std::vector<Stages> results;
};

/// What takes the value from the left of a `|`.
struct Stage {
  size_t place;
  std::variant<Call, Repeat, StageChoice> form;
};

struct Parameter {
  std::string_view name;
  size_t place;
  std::vector<Expression> fallback = {};  ///< one, or none where the parameter must be given
};

/// `input image: f32[N, 1, 28, 28]`
struct Input {
  std::string_view name;
  std::string_view dtype;
  size_t dtype_place;
  std::vector<Expression> dims = {};
};

/// `main = in | relu`
struct NamedValue {
  std::string_view name;
  Expression value;
};

struct Statement {
  size_t place;
  std::variant<Input, NamedValue> form;
};

/// A model, a block, or a layer, which has no body. The first parameter of blocks and layers is the value
/// that a chain passes; of a block it is `in`.
struct Definition {
  std::string_view name;
  size_t place;
  std::vector<Parameter> parameters = {};
  std::string_view signature = {};  ///< name and parameters as written, for messages
  std::vector<Statement> statements = {};
  std::vector<Expression> result = {};  ///< one
};

struct File {
  Definition model;
  std::vector<Definition> blocks;
};

}  // namespace sinter::language
