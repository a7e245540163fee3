// Rows of comma-separated values (RFC 4180), or of semicolons or tabs where the first row has more of those.

const separators = [',', ';', '\t'] as const;

/** What separates the fields of a file, by its first row. */
export function separatorOf(row: string): string {
  const counts = separators.map((separator) => ({ separator, fields: parseRow(row, separator).length }));
  return counts.sort((a, b) => b.fields - a.fields)[0]?.separator ?? ',';
}

/** The fields of a row; doubled quotes inside quotes are one. */
export function parseRow(row: string, separator: string): string[] {
  const fields: string[] = [];
  for (let i = 0; i <= row.length; ) {
    if (row[i] === '"') {
      let field = '';
      for (i++; i < row.length; i++) {
        if (row[i] !== '"') field += row[i] ?? '';
        else if (row[i + 1] === '"') field += row[i++] ?? '';
        else break;
      }
      fields.push(field);
      const next = row.indexOf(separator, i);
      i = next < 0 ? row.length + 1 : next + 1;
    } else {
      const next = row.indexOf(separator, i);
      const end = next < 0 ? row.length : next;
      fields.push(row.slice(i, end).trim());
      i = end + 1;
    }
  }
  return fields;
}

/** Whether a row is names and not data: none of its fields is a number. */
export function isHeader(fields: readonly string[]): boolean {
  return fields.every((field) => field === '' || Number.isNaN(Number(field))) && fields.some((field) => field !== '');
}
