// The syntax in which models write symbolic dimensions; what its operators compute is told by an algebra.

type Binary<Value> = (a: Value | undefined, b: Value | undefined) => Value | undefined;

/** What the operators of the syntax make of values; undefined where nothing is known of the result. */
export interface ExpressionAlgebra<Value> {
  readonly number: (value: number) => Value;
  readonly symbol: (name: string) => Value;
  readonly add: Binary<Value>;
  readonly subtract: Binary<Value>;
  readonly multiply: Binary<Value>;
  readonly floorDivide: Binary<Value>;
  readonly ceilDivide: Binary<Value>;
  readonly max: Binary<Value>;
  readonly min: Binary<Value>;
}

/** Longer texts are names: no person writes such an expression. */
const maxParsedLength = 20_000;
/** Deeper nesting is a name too; it would otherwise run out of stack. */
const maxDepth = 64;

const plainName = /^[\p{L}_][\p{L}\p{N}_.:-]*$/u;

/** True for a name that needs no backquotes within an expression. */
export function isPlainName(name: string): boolean {
  return plainName.test(name);
}

/** The value of an expression (see `parseDimension` for its syntax); undefined where the text is none, or the algebra knows no value for it. */
export function parseExpression<Value>(text: string, algebra: ExpressionAlgebra<Value>): Value | undefined {
  return new ExpressionParser(text, algebra).whole();
}

class ExpressionParser<Value> {
  private readonly tokens: readonly string[];
  private readonly functions: ReadonlyMap<string, Binary<Value>>;
  private at = 0;
  private depth = 0;

  constructor(
    text: string,
    private readonly algebra: ExpressionAlgebra<Value>,
  ) {
    this.functions = new Map([
      ['floor', algebra.floorDivide],
      ['ceil', algebra.ceilDivide],
      ['max', algebra.max],
      ['min', algebra.min],
    ]);
    this.tokens = text.length > maxParsedLength ? [] : (text.match(/`[^`]*`|\/\/|[()+*/,]|-(?=\s|$|\(|`)|-?[^\s()+*/,`]+|\S/gu) ?? []);
  }

  whole(): Value | undefined {
    const value = this.tokens.length === 0 ? undefined : this.sum();
    return this.at === this.tokens.length ? value : undefined;
  }

  private take(token: string): boolean {
    if (this.tokens[this.at] !== token) return false;
    this.at++;
    return true;
  }

  private sum(): Value | undefined {
    let left = this.product();
    while (left !== undefined) {
      if (this.take('+')) left = this.algebra.add(left, this.product());
      else if (this.take('-')) left = this.algebra.subtract(left, this.product());
      else break;
    }
    return left;
  }

  private product(): Value | undefined {
    let left = this.atom();
    while (left !== undefined) {
      if (this.take('*')) left = this.algebra.multiply(left, this.atom());
      else if (this.take('//')) left = this.algebra.floorDivide(left, this.atom());
      else break;
    }
    return left;
  }

  private atom(): Value | undefined {
    if (this.depth === maxDepth) return undefined;
    this.depth++;
    const value = this.nestedAtom();
    this.depth--;
    return value;
  }

  private nestedAtom(): Value | undefined {
    const token = this.tokens[this.at++];
    if (token === undefined || /^[)+*/,]/.test(token)) return undefined;
    if (token === '(') return this.closed(this.sum());
    if (token === '-') return this.negative(this.atom());
    if (/^-?\d+$/.test(token)) return this.algebra.number(Number(token));
    if (token.startsWith('`')) return token.length > 2 ? this.algebra.symbol(token.slice(1, -1)) : undefined;
    if (this.take('(')) return token.startsWith('-') ? this.negative(this.call(token.slice(1))) : this.call(token);
    if (token.startsWith('-')) return this.negative(this.algebra.symbol(token.slice(1)));
    return isPlainName(token) ? this.algebra.symbol(token) : undefined;
  }

  private negative(value: Value | undefined): Value | undefined {
    return this.algebra.multiply(value, this.algebra.number(-1));
  }

  private closed(value: Value | undefined): Value | undefined {
    return this.take(')') ? value : undefined;
  }

  private call(name: string): Value | undefined {
    const binary = this.functions.get(name.toLowerCase());
    if (binary === undefined) return undefined;
    const left = this.sum();
    if (!this.take('/') && !this.take(',')) return binary === this.algebra.floorDivide || binary === this.algebra.ceilDivide ? this.closed(left) : undefined;
    return this.closed(binary(left, this.sum()));
  }
}
