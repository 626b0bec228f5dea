// A table fitted to a terminal. Pure: values → text.
#ifndef LISTENQ_CLIENT_TABLE_H_
#define LISTENQ_CLIENT_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace listenq::client {

// A colour stands only where someone should act.
enum class Style : uint8_t { kPlain, kWarning, kCritical };

struct Cell {
  Cell(std::string cell_text, Style cell_style = Style::kPlain)  // NOLINT: a cell is its text
      : text(std::move(cell_text)), style(cell_style) {}
  Cell(const char* cell_text) : text(cell_text) {}  // NOLINT
  // Raw: the renderer escapes it. "-" is "no value".
  std::string text;
  Style style = Style::kPlain;
};

struct Column {
  std::string title;
  bool right_aligned = false;
  // When the rows are too wide the column with the highest rank falls away first; 0 stays.
  int fall_away_rank = 0;
  // Before a column falls away cells may be cut to this width; 0 is never.
  size_t least_width = 0;
  // Cells are cut in the middle, else at the end.
  bool cut_in_the_middle = false;
  // Shown by `wide` only.
  bool wide_only = false;
  // The width is at least this, so that tables printed one after the other line up.
  size_t padded_width = 0;
};

struct Table {
  std::vector<Column> columns;
  // As many cells as columns.
  std::vector<std::vector<Cell>> rows;
};

struct TableStyle {
  // Columns of the terminal; absent is unknown: nothing is cut and nothing falls away for lack of room.
  std::optional<size_t> width;
  // Every column, also those without a single value.
  bool wide = false;
  bool headers = true;
  bool color = false;
};

// In the colour of `style`, which a terminal forgets afterwards. `text` is escaped already.
std::string Paint(const std::string& text, Style style, bool color);

// Columns whose every cell is "-" fall away (not in a wide table, not when padded_width is set). Each line
// ends with a newline and is no wider than `width`.
std::string RenderTable(const Table& raw, const TableStyle& style);

}  // namespace listenq::client

#endif  // LISTENQ_CLIENT_TABLE_H_
