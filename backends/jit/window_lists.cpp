#include "backends/jit/window_lists.h"

#include "backends/jit/tile_shape.h"
#include "backends/jit/transposition.h"

namespace sinter::jit {
namespace {

std::vector<double> multiples(int64_t count, int64_t step) {
  std::vector<double> numbers;
  for (int64_t i = 0; i < count; ++i) numbers.push_back(static_cast<double>(i * step));
  return numbers;
}

}  // namespace

WindowLists::WindowLists(KernelBuilder& k, const SparseForm& form, const Type& type, const PixelValue& dy,
                         const PixelValue& argmax, const Shape& shape)
    : k_(k),
      form_(form),
      dy_(dy),
      argmax_(argmax),
      shape_(shape),
      are_together_(type.layout == channel_blocked()),
      channels_(form.convolution.o),
      blocks_(tile_count(channels_, vector_size)),
      parts_(tile_count(blocks_, shape.blocks)),
      windows_(shape.band * form.pool.ow),
      elements_(form.pool.kh * form.pool.kw),
      capacity_(windows_ * blocks_ * vector_size),
      offsets_table_(k.table("steps", DType::i32, multiples(shape.blocks * vector_size, shape.step))),
      // A vector is stored behind the last gradient, and a part may be looked through from there on.
      offsets_(k.workspace("offsets", DType::i32, capacity_ + shape.blocks * vector_size)),
      values_(k.workspace("values", DType::f32, capacity_ + shape.blocks * vector_size)),
      ends_(k.workspace("ends", DType::i32, parts_ * (windows_ * elements_ + 1))),
      count_(k.tile("count", DType::i32, false, {})) {
  if (are_together_) return;
  const int64_t elements = tile_count(windows_, vector_size) * vector_size * blocks_ * vector_size;
  together_dy_ = k.workspace("together_dy", DType::f32, elements);
  together_argmax_ = k.workspace("together_argmax", DType::f32, elements);
}

// Of sixteen windows that lie side by side, or a sample's apart, the sixteen channels of each; zeros where
// there is no channel.
void WindowLists::bring_channels_together(const Sample& sample, const Index& first) {
  for_tiles(k_, "ob", channels_, vector_size, [&](const Index& start, int64_t channels) {
    const Index block = divided(start, vector_size);
    k_.loop("v", 0, tile_count(windows_, vector_size), [&](Index v) {
      const Index pixel = first * form_.pool.ow + v * vector_size;
      for (const auto& [from, to] : {std::pair{&dy_, together_dy_}, {&argmax_, together_argmax_}}) {
        const TileHandle rows = k_.tile("rows", DType::f32, true, {vector_size});
        for (int64_t o = 0; o < vector_size; ++o)
          rows.set({o}, o < channels
                            ? k_.cast(k_.load(from->pixels(sample, {block, o}, pixel), true), DType::f32)
                            : k_.number(DType::f32, 0, true));
        transpose(k_, rows);
        for (int64_t window = 0; window < vector_size; ++window)
          k_.store({.buffer = to, .index = ((v * vector_size + window) * blocks_ + block) * vector_size},
                   rows(window));
      }
    });
  });
}

WindowLists::Loaded WindowLists::load(const Sample& sample, const Index& first, const Index& block,
                                      const Index& window) const {
  if (are_together_) {
    const Index pixel = first * form_.pool.ow + window;
    return {k_.load(dy_.channels_at(sample, block, pixel), true),
            k_.cast(k_.load(argmax_.channels_at(sample, block, pixel), true), DType::i32)};
  }
  const auto at = [&](BufferId buffer) {
    return k_.load({.buffer = buffer, .index = (window * blocks_ + block) * vector_size}, true);
  };
  return {at(together_dy_), at(together_argmax_)};
}

void WindowLists::collect(const Sample& sample, const Index& first) {
  if (!are_together_) bring_channels_together(sample, first);
  count_.set({}, k_.number(DType::i32, 0, false));
  k_.loop("part", 0, parts_, [&](Index part) {
    k_.store({.buffer = ends_, .index = begin_at(part, 0, 0)}, count_());
    k_.loop("w", std::vector<Index>{0}, {windows_, (form_.pool.oh - first) * form_.pool.ow},
            [&](Index window) { collect_window(sample, first, part, window); });
  });
}

// The lists lie one after the other: how long each is, is known only when it is whole.
void WindowLists::collect_window(const Sample& sample, const Index& first, const Index& part,
                                 const Index& window) const {
  for (int64_t element = 0; element < elements_; ++element) {
    k_.loop("ob", std::vector<Index>{0}, blocks_of(part), [&](Index block) {
      const Loaded loaded = load(sample, first, part * shape_.blocks + block, window);
      const Expr dy = k_.let("dy", loaded.dy);
      const Expr own = k_.number(loaded.argmax.dtype(), static_cast<double>(element), true);
      const Expr is_there =
          k_.let("is_there",
                 k_.apply(Op::logical_and, {k_.apply(Op::not_equal, {dy, k_.number(DType::f32, 0, true)}),
                                            k_.apply(Op::equal, {loaded.argmax, own})}));
      const auto append = [&](BufferId list, const Expr& value) {
        k_.store({.buffer = list, .index = 0, .offset = Offset{count_().id(), capacity_ + 1}},
                 k_.compress(value, is_there));
      };
      append(offsets_, k_.load({.buffer = offsets_table_, .index = block * vector_size}, true));
      append(values_, dy);
      count_.set({}, count_() + k_.count_lanes(is_there));
    });
    k_.store({.buffer = ends_, .index = begin_at(part, window, element) + 1}, count_());
  }
}

// Where a list begins, which is where the one before ends.
Index WindowLists::begin_at(const Index& part, const Index& window, int64_t element) const {
  return part * (windows_ * elements_ + 1) + window * elements_ + element;
}

void WindowLists::over(const Index& part, const Index& window, int64_t element,
                       const std::function<void(Expr, Expr)>& body) const {
  const auto begin_of = [&](int64_t of) {
    return k_.load({.buffer = ends_, .index = begin_at(part, window, of)}, false);
  };
  const Expr begin = k_.let("begin", begin_of(element));
  const Offset from{begin.id(), capacity_ + 1};
  k_.loop_counted("e", shape_.blocks * vector_size, begin_of(element + 1) - begin, [&](Index e) {
    const Expr offset = k_.let("offset", k_.load({.buffer = offsets_, .index = e, .offset = from}, false));
    const Expr value = k_.load({.buffer = values_, .index = e, .offset = from}, false);
    body(offset, k_.let("value", k_.apply(Op::splat, {value})));
  });
}

}  // namespace sinter::jit
