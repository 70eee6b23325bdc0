#pragma once

#include "ir/op_table.h"

/// What the families of ops do with the samples of a batch; see SampleRule.
namespace sinter::ops {

std::optional<SlabForm> slab_by_pattern(const BatchQuery&);
std::optional<SlabForm> slab_sum_by_pattern(const BatchQuery&);
std::optional<SlabForm> slab_of_elements(const BatchQuery&);
std::optional<SlabForm> slab_of_rows(const BatchQuery&);
std::optional<SlabForm> slab_of_matmul(const BatchQuery&);
std::optional<SlabForm> slab_of_flatten(const BatchQuery&);
std::optional<SlabForm> slab_of_reshape(const BatchQuery&);
std::optional<SlabForm> slab_of_transpose(const BatchQuery&);
std::optional<SlabForm> slab_of_broadcast_to(const BatchQuery&);
std::optional<SlabForm> slab_of_sum_to(const BatchQuery&);
std::optional<SlabForm> slab_of_reduction(const BatchQuery&);
std::optional<SlabForm> slab_along_axis(const BatchQuery&);
std::optional<SlabForm> slab_of_concat(const BatchQuery&);
std::optional<SlabForm> slab_of_loss(const BatchQuery&);
std::optional<SlabForm> slab_of_loss_gradient(const BatchQuery&);
std::optional<SlabForm> slab_of_mse(const BatchQuery&);
std::optional<SlabForm> slab_of_fusion(const BatchQuery&);

/// The batch is dimension N of the operands whose pattern has it.
inline constexpr SampleRule samples_by_pattern{"Per sample", slab_by_pattern};
inline constexpr SampleRule sum_over_samples{"Summed over samples", slab_sum_by_pattern};
inline constexpr SampleRule samples_of_elements{"Per sample", slab_of_elements};
inline constexpr SampleRule samples_of_rows{"Per sample", slab_of_rows};
inline constexpr SampleRule samples_of_matmul{
    "Per sample by the rows of a, summed over samples where both operands have them as depth",
    slab_of_matmul};
inline constexpr SampleRule samples_of_flatten{"Per sample where dimension 0 stays", slab_of_flatten};
inline constexpr SampleRule samples_of_reshape{"Per sample where dimension 0 stays", slab_of_reshape};
inline constexpr SampleRule samples_of_transpose{"Per sample where dimension 0 stays", slab_of_transpose};
inline constexpr SampleRule samples_of_broadcast_to{"Per sample", slab_of_broadcast_to};
inline constexpr SampleRule samples_of_sum_to{"Per sample, or summed over samples", slab_of_sum_to};
inline constexpr SampleRule samples_of_reduction{"Per sample, or summed over samples", slab_of_reduction};
inline constexpr SampleRule samples_along_axis{"Per sample where the axis is not 0", slab_along_axis};
inline constexpr SampleRule samples_of_concat{"Per sample where the axis is not 0", slab_of_concat};
inline constexpr SampleRule samples_of_loss{"Per sample without reduction, else summed over samples",
                                            slab_of_loss};
inline constexpr SampleRule samples_of_loss_gradient{"Per sample", slab_of_loss_gradient};
inline constexpr SampleRule samples_of_mse{"Per sample without reduction, else summed over samples",
                                           slab_of_mse};
inline constexpr SampleRule samples_of_fusion{"As its body", slab_of_fusion};

}  // namespace sinter::ops
