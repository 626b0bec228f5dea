#include "client/table.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "client/text.h"

namespace listenq::client {
namespace {

constexpr size_t kGap = 2;

struct Fitted {
  size_t index = 0;  // in Table::columns
  const Column* column = nullptr;
  size_t natural_width = 0;
  size_t width = 0;
};

bool IsEmpty(const Table& table, size_t index) {
  return !table.rows.empty() && std::all_of(table.rows.begin(), table.rows.end(),
                                            [&](const auto& row) { return row[index].text == "-"; });
}

std::vector<Fitted> ShownColumns(const Table& table, const TableStyle& style) {
  std::vector<Fitted> shown;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    const Column& column = table.columns[i];
    if (!style.wide && (column.wide_only || (column.padded_width == 0 && IsEmpty(table, i)))) continue;
    size_t width = std::max(style.headers ? DisplayWidth(column.title) : 0, column.padded_width);
    for (const auto& row : table.rows) width = std::max(width, DisplayWidth(row[i].text));
    shown.push_back({i, &column, width, width});
  }
  return shown;
}

size_t TotalWidth(const std::vector<Fitted>& shown) {
  size_t total = 0;
  for (const Fitted& fitted : shown) total += fitted.width + kGap;
  return total == 0 ? 0 : total - kGap;
}

// Takes from the column that can give most until the rows fit. False when they cannot.
bool Shrink(std::vector<Fitted>& shown, size_t width) {
  for (Fitted& fitted : shown) fitted.width = fitted.natural_width;
  const auto spare = [](const Fitted& fitted) {
    const size_t least = fitted.column->least_width;
    return least == 0 || fitted.width <= least ? 0 : fitted.width - least;
  };
  while (TotalWidth(shown) > width) {
    const auto most = std::max_element(shown.begin(), shown.end(),
                                       [&](const Fitted& a, const Fitted& b) { return spare(a) < spare(b); });
    if (most == shown.end() || spare(*most) == 0) return false;
    --most->width;
  }
  return true;
}

void Fit(std::vector<Fitted>& shown, size_t width) {
  while (!Shrink(shown, width)) {
    const auto first = std::max_element(shown.begin(), shown.end(), [](const Fitted& a, const Fitted& b) {
      return a.column->fall_away_rank < b.column->fall_away_rank;
    });
    if (first == shown.end() || first->column->fall_away_rank == 0) return;
    shown.erase(first);
  }
}

const char* ColorOf(Style style) {
  switch (style) {
    case Style::kPlain:
      return "";
    case Style::kWarning:
      return "\x1b[33m";
    case Style::kCritical:
      return "\x1b[31m";
  }
  return "";
}

void AppendCell(const Cell& cell, const Fitted& fitted, bool last, bool color, std::string& line) {
  const std::string text = fitted.column->cut_in_the_middle ? TruncateMiddle(cell.text, fitted.width)
                                                            : Truncate(cell.text, fitted.width);
  const std::string padding(fitted.width - DisplayWidth(text), ' ');
  if (fitted.column->right_aligned) line += padding;
  line += Paint(text, cell.style, color);
  if (!fitted.column->right_aligned && !last) line += padding;
}

// A row whose last columns stay wider than the terminal is cut: a wrapped line would break the table.
std::string RenderRow(const std::vector<Cell>& cells, const std::vector<Fitted>& shown,
                      const TableStyle& style) {
  std::string line;
  size_t used = 0;
  for (size_t i = 0; i < shown.size(); ++i) {
    Fitted fitted = shown[i];
    if (i > 0) {
      line.append(kGap, ' ');
      used += kGap;
    }
    if (style.width) {
      if (used >= *style.width) break;
      fitted.width = std::min(fitted.width, *style.width - used);
    }
    AppendCell(cells[fitted.index], fitted, i + 1 == shown.size(), style.color, line);
    used += fitted.width;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

Table Escaped(const Table& table) {
  Table escaped = table;
  for (auto& row : escaped.rows) {
    for (Cell& cell : row) cell.text = EscapeForTerminal(cell.text);
  }
  return escaped;
}

}  // namespace

std::string Paint(const std::string& text, Style style, bool color) {
  return color && style != Style::kPlain ? absl::StrCat(ColorOf(style), text, "\x1b[0m") : text;
}

std::string RenderTable(const Table& raw, const TableStyle& style) {
  const Table table = Escaped(raw);
  std::vector<Fitted> shown = ShownColumns(table, style);
  if (style.width) Fit(shown, *style.width);
  std::string text;
  if (style.headers) {
    std::vector<Cell> titles;
    for (const Column& column : table.columns) titles.emplace_back(column.title);
    text += RenderRow(titles, shown, style);
  }
  for (const auto& row : table.rows) text += RenderRow(row, shown, style);
  return text;
}

}  // namespace listenq::client
