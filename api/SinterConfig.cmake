# find_package(Sinter): the target Sinter::sinter. Its headers need the standard library only, and the shared
# library finds what it links by itself: there is nothing to look for here.
include(${CMAKE_CURRENT_LIST_DIR}/SinterTargets.cmake)
