#pragma once

/// What the shared library shows; all else is hidden in it.
#define SINTER_API __attribute__((visibility("default")))
#define SINTER_HIDDEN __attribute__((visibility("hidden")))
