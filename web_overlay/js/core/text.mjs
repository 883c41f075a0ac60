// @ts-check
// Templates → text, with numbers, money and plurals in the format of the language.
//
//    {user}                      the value; a number is grouped ("1,234")
//    {viewers|viewer|viewers}    the form of the word that fits the number, without the number
//    {{                          a single brace
//
// The forms are in the order of the language's plural categories (zero, one, two, few, many, other). With fewer forms
// than categories the last form is used for the others, so that two forms are enough for most languages.

const CATEGORIES = ["zero", "one", "two", "few", "many", "other"];
const FIELD = /\{\{|\{(\w+)((?:\|[^{}|]*)*)\}/g;
const MOST = 2_000; // UTF-16 units of a filled template: values from outside must not make it long

export class Texts {
  /**
   * @param {string} lang a BCP 47 tag; an unknown one is English
   * @param {Record<string, string>} templates
   */
  constructor(lang, templates) {
    this.lang = Intl.NumberFormat.supportedLocalesOf([lang]).length > 0 ? lang : "en";
    this.templates = templates;
    this.numbers = new Intl.NumberFormat(this.lang);
    this.rules = new Intl.PluralRules(this.lang);
    this.lists = new Intl.ListFormat(this.lang, { style: "long", type: "conjunction" });
    const known = this.rules.resolvedOptions().pluralCategories;
    this.categories = CATEGORIES.filter((category) => known.includes(/** @type {any} */ (category)));
  }

  /** The text of a key; a key without a template is empty. @param {string} key @param {Record<string, unknown>} [values] */
  text(key, values = {}) {
    return Object.hasOwn(this.templates, key) ? this.fill(this.templates[key], values) : "";
  }

  /** @param {string} template @param {Record<string, unknown>} values */
  fill(template, values) {
    return template
      .replace(FIELD, (whole, name, forms) => {
        if (whole === "{{") return "{";
        const value = Object.hasOwn(values, name) ? values[name] : "";
        if (forms !== "") return this.form(Number(value), forms.slice(1).split("|"));
        return typeof value === "number" ? this.number(value) : String(value);
      })
      .slice(0, MOST);
  }

  /** @param {number} value */
  number(value) {
    return this.numbers.format(value);
  }

  /** @param {number} value @param {string[]} forms */
  form(value, forms) {
    const at = this.categories.indexOf(this.rules.select(value));
    return forms[Math.min(at, forms.length - 1)];
  }

  /**
   * @param {string} amount a decimal number as text
   * @param {string} currency an ISO 4217 code, or any other word
   */
  money(amount, currency) {
    const value = Number(amount);
    const digits = value === Math.trunc(value) ? 0 : 2;
    try {
      const format = { style: "currency", currency, minimumFractionDigits: digits, maximumFractionDigits: 2 };
      return new Intl.NumberFormat(this.lang, /** @type {any} */ (format)).format(value);
    } catch {
      // Not a code of three letters.
      return [this.number(value), currency].filter(Boolean).join("\u00a0");
    }
  }

  /** "Ada, Bo and Cy". @param {string[]} words */
  list(words) {
    return this.lists.format(words);
  }
}
