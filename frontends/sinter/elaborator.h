#pragma once

#include <map>
#include <optional>
#include <span>

#include "frontends/sinter/datum.h"
#include "frontends/sinter/elaborate.h"
#include "frontends/sinter/layers.h"

namespace sinter::language {

/// Where an expression stands: the names it can see, the path of its layers, and how many layers its chain
/// has had, which is the index of the next.
struct Context {
  const Scope& names;
  std::string path = {};
  int layers = 0;
};

/// Calls that are worked out while the model is put together, and make no layer.
inline constexpr std::string_view functions[] = {"int", "fail"};

/// A block, or a layer with the function that builds it.
struct Callable {
  const Definition* definition;
  Value (*build)(const LayerArguments&) = nullptr;
  bool joins = false;  ///< see LayerDef
};

/// Evaluates a file's model into a graph. Definitions are in elaborate.cpp, expressions and stages in
/// evaluate.cpp, calls in call.cpp.
class Elaborator {
 public:
  Elaborator(const File& file, const Source& source);
  Graph run(std::span<const Setting> settings);
  /// An expression that needs no names.
  Datum constant(const Expression& expression);

 private:
  void define_layers();
  void define_blocks();

  // Definitions
  Scope model_arguments(std::span<const Setting> settings);
  Value body(const Definition& definition, Scope names, const std::string& path);
  Datum statement(const Definition& definition, const Statement& statement, Context context);
  Value input(const Input& input, size_t place, const Context& context);
  Dim dim(const Expression& expression, Context context);

  // Expressions
  Datum evaluate(const Expression& expression, Context& context);
  Datum evaluate(const Literal& literal, size_t place, Context& context);
  Datum evaluate(const Name& name, size_t place, Context& context);
  Datum evaluate(const Tuple& tuple, size_t place, Context& context);
  Datum evaluate(const Operation& operation, size_t place, Context& context);
  Datum evaluate(const Call& call, size_t place, Context& context);
  Datum evaluate(const Chain& chain, size_t place, Context& context);
  Datum evaluate(const Choice& choice, size_t place, Context& context);
  Datum without_fraction(const Call& call, size_t place, Context& context);
  [[noreturn]] void fail_as_told(const Call& call, size_t place, Context& context);
  bool condition(const Expression& expression, Context& context);
  size_t branch(std::span<const Expression> conditions, Context& context);
  [[noreturn]] void unknown_name(std::string_view name, size_t place, const Scope& names) const;

  // Stages: each takes a value and gives one
  Value apply(const Stages& stages, Value value, Context& context);
  Value apply(const Call& call, size_t place, Value value, Context& context);
  Value apply(const Repeat& repeat, size_t place, Value value, Context& context);
  Value apply(const StageChoice& choice, size_t place, Value value, Context& context);

  // Calls
  using Given = std::vector<const Argument*>;
  Value call(const Call& call, size_t place, std::optional<Value> piped, Context& context);
  const Callable& find_callable(std::string_view name, size_t place) const;
  Given match(const Definition& callee, const Call& call, bool piped) const;
  size_t parameter_index(const Definition& callee, const Argument& argument) const;
  Scope bind(const Definition& callee, const Call& call, size_t place, std::optional<Value> piped,
             const Scope& names, const std::string& path);
  Value join_call(const Callable& callee, const Call& call, size_t place, std::optional<Value> piped,
                  const Scope& names, const std::string& path);
  void require_value(const Definition& callee, const Binding& first) const;
  Value call_block(const Definition& block, size_t place, Scope arguments, const std::string& path);

  // Counts the levels and steps of evaluation; one is on the stack for each level.
  class Level {
   public:
    Level(Elaborator& elaborator, size_t place);
    ~Level() { --elaborator_.depth_; }

   private:
    Elaborator& elaborator_;
  };
  void count_layer(size_t place);

  const File& file_;
  const Source& source_;
  std::vector<Source> layer_sources_;
  std::vector<Definition> layer_definitions_;
  std::map<std::string_view, Callable> callables_;
  std::vector<const Definition*> calls_;  // the blocks being evaluated, from the outermost in
  Graph graph_;
  int depth_ = 0;
  int steps_ = 0;
  int layers_ = 0;
};

/// The parameters of a definition as a line below an error.
std::string indented(const Definition& definition);
/// `main.3` in `layer1`: `layer1.main.3`
std::string join(std::string_view path, std::string_view name);

}  // namespace sinter::language
