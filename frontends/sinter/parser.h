#pragma once

#include "frontends/sinter/ast.h"
#include "frontends/sinter/source.h"

/// Text to syntax tree. The tree refers to the source's text. All throw InputError at the first token that
/// does not fit, saying what was expected; nesting of more than 200 levels is refused.
namespace sinter::language {

/// A whole file: one model and any number of blocks.
File parse_file(const Source& source);
/// One expression: a value given on the command line.
Expression parse_expression(const Source& source);
/// A layer's name and parameters: `conv2d(x, out_channels, stride=1)`.
Definition parse_signature(const Source& source);

}  // namespace sinter::language
