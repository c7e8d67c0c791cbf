// Draws the charts, and brings the tables, menus and the theme to life.
// Text from the data is put in as text, never as markup.
"use strict";
(() => {
  const root = document.documentElement;
  const page = JSON.parse(document.getElementById("page-data").textContent);
  const narrow = matchMedia("(max-width: 40rem)");
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");
  const LEGEND_LENGTH = 9;
  const PRINTED_WIDTH = 660;
  let isPrinting = false;

  function element(tag, properties = {}, ...children) {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  }

  // ---------------------------------------------------------------- colours

  const probe = element("span", { hidden: true });
  document.body.append(probe);

  function resolved(colour) {
    probe.style.color = colour;
    return getComputedStyle(probe).color;
  }

  /** Put the theme's colours in place of the names of custom properties. */
  function paint(part, isScale = false) {
    for (const [key, value] of Object.entries(part)) {
      if (typeof value === "object" && value !== null)
        paint(value, isScale || key === "colorscale");
      else if ((isScale || /color$/i.test(key)) && String(value).startsWith("var(--"))
        part[key] = resolved(value);
    }
    return part;
  }

  // ----------------------------------------------------------------- charts

  class Chart {
    constructor(figure) {
      this.figure = figure;
      this.plot = figure.querySelector(".plot");
      this.spec = page.charts[figure.dataset.chart];
      this.switched = new Map();
      this.select = figure.querySelector(".controls select");
      const choices = new Set(this.spec.data.map((trace) => trace.meta.choice));
      this.choice = this.spec.data.find((trace) => trace.visible === true)?.meta.choice;
      if (this.select) {
        for (const choice of choices) this.select.add(new Option(choice, choice));
        this.select.value = this.choice;
        this.select.addEventListener("change", () => {
          this.choice = this.select.value;
          this.makeLegend();
          this.draw();
        });
      }
      this.whole = false;
      this.makeWholeButton();
      this.makeLegend();
    }

    /** A chart whose first view leaves far-off methods out can show them all. */
    makeWholeButton() {
      if (!Object.keys(this.spec.layout.meta?.focus?.ranges ?? {}).length) return;
      this.wholeButton = element("button", { type: "button", className: "plain-button" }, "Whole range");
      this.wholeButton.ariaPressed = "false";
      this.wholeButton.addEventListener("click", () => {
        this.whole = !this.whole;
        this.wholeButton.ariaPressed = String(this.whole);
        this.makeLegend();
        this.draw();
      });
      this.figure.querySelector(".controls").append(this.wholeButton);
    }

    /** The range of the first view, where that is not the whole. */
    get focus() {
      return this.whole ? undefined : this.spec.layout.meta?.focus?.ranges[this.choice ?? ""];
    }

    isChosen(trace) {
      return trace.meta.choice === this.choice && (!trace.meta.focus || !!this.focus);
    }

    isShown(trace) {
      const label = trace.meta.label;
      if (this.switched.has(label)) return this.switched.get(label);
      return trace.visible !== "legendonly";
    }

    makeLegend() {
      const entries = new Map();
      for (const trace of this.spec.data)
        if (this.isChosen(trace) && trace.showlegend !== false && !entries.has(trace.meta.label))
          entries.set(trace.meta.label, trace);
      // What is shown stands first, so that no line lacks its entry in sight.
      const ordered = [...entries].sort(([, a], [, b]) => this.isShown(b) - this.isShown(a));
      const buttons = ordered.map(([label, trace]) => {
        const button = element("button", { type: "button" }, swatch(trace), label);
        button.ariaPressed = String(this.isShown(trace));
        button.addEventListener("click", () => {
          const shown = !this.isShown(trace);
          this.switched.set(label, shown);
          button.ariaPressed = String(shown);
          this.draw();
        });
        return button;
      });
      const legend = this.figure.querySelector(".legend");
      legend.replaceChildren(...buttons.slice(0, LEGEND_LENGTH));
      const rest = buttons.slice(LEGEND_LENGTH);
      if (rest.length)
        legend.append(
          element(
            "details",
            { className: "more" },
            element("summary", {}, `${rest.length} more`),
            element("div", {}, ...rest),
          ),
        );
    }

    draw() {
      const { data, layout } = structuredClone(this.spec);
      for (const trace of data)
        trace.visible = this.isChosen(trace) && this.isShown(trace);
      for (const trace of data)
        if (trace.visible && trace.meta.splits)
          trace.text = trace.meta.splits.map(
            ([repeat, fold], i) =>
              `${layout.meta.names[trace.y[i]]}, repeat ${repeat}, fold ${fold}`,
          );
      const axis = data.find((trace) => this.isChosen(trace))?.meta.axis;
      if (axis) layout.xaxis.title.text = axis;
      for (const [name, changes] of Object.entries(layout.meta?.layouts?.[this.choice ?? ""] ?? {}))
        Object.assign(layout[name], changes);
      if (this.focus) layout[layout.meta.focus.axis].range = [...this.focus];
      if (this.wholeButton)
        this.wholeButton.hidden = !((this.choice ?? "") in layout.meta.focus.ranges);
      // On a narrow screen a chart of many columns scrolls in its own frame.
      const least = narrow.matches && !isPrinting ? (layout.meta?.least_width ?? 0) : 0;
      const isWide = least > this.figure.clientWidth;
      this.plot.classList.toggle("wide", isWide);
      if (isWide) layout.width = least;
      layout.showlegend = false;
      if (isPrinting) layout.width = PRINTED_WIDTH;
      this.plot.style.height = `${layout.height}px`;
      if (narrow.matches || isPrinting) this.squeeze(data, layout);
      layout.font.family = getComputedStyle(document.body).fontFamily;
      layout.hoverlabel.font.family = layout.font.family;
      return Plotly.react(this.plot, paint(data), paint(layout), {
        displayModeBar: false,
        responsive: !isPrinting,
      });
    }

    /** Make room on a narrow screen. */
    squeeze(data, layout) {
      if (layout.meta?.short_names) layout.yaxis.ticktext = layout.meta.short_names;
      for (const trace of data) {
        if (trace.meta.short_text) trace.text = trace.meta.short_text;
        if (trace.meta.narrow_text === false) trace.texttemplate = "";
      }
      layout.margin.r = 4;
      for (const [name, axis] of Object.entries(layout)) {
        if (!/^[xy]axis/.test(name) || !axis.tickfont) continue;
        axis.tickfont.size = 11;
        axis.title.font.size = innerWidth < 360 ? 10 : 12;
        axis.nticks = 6;
      }
    }
  }

  /** A small picture of how a trace is drawn. */
  function swatch(trace) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("width", "22");
    svg.setAttribute("height", "12");
    svg.setAttribute("aria-hidden", "true");
    const shape = (tag, attributes, colour, property) => {
      const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
      for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
      made.style[property] = colour;
      svg.append(made);
    };
    const marker = trace.marker ?? {};
    if (trace.type === "bar")
      shape("rect", { x: 4, width: 14, height: 12, opacity: marker.opacity }, marker.color, "fill");
    else if (marker.symbol === "line-ns")
      shape("line", { x1: 11, x2: 11, y1: 0, y2: 12, "stroke-width": 3 }, marker.line.color, "stroke");
    else if (trace.mode.startsWith("lines")) {
      const dash = { dash: "6 4", dot: "2 3", dashdot: "6 3 2 3" }[trace.line.dash] ?? "none";
      const width = Math.max(trace.line.width, 1.5);
      shape("line", { x1: 0, x2: 22, y1: 6, y2: 6, "stroke-width": width, "stroke-dasharray": dash }, trace.line.color, "stroke");
    }
    if (marker.symbol?.startsWith("triangle"))
      shape("path", { d: "M6 6 L15 1 V11 Z" }, marker.color, "fill");
    if (trace.mode?.includes("markers") && !marker.symbol)
      shape("circle", { cx: 11, cy: 6, r: 4, opacity: marker.opacity ?? 1 }, marker.color, "fill");
    return svg;
  }

  const charts = [...document.querySelectorAll("[data-chart]")].map((figure) => new Chart(figure));
  const drawAll = () => charts.forEach((chart) => chart.draw());

  // ------------------------------------------------------------------ theme

  const themeButton = document.getElementById("theme");
  const isDark = () =>
    root.dataset.theme ? root.dataset.theme === "dark" : prefersDark.matches;

  function applyTheme() {
    const other = isDark() ? "Light" : "Dark";
    themeButton.textContent = other;
    themeButton.ariaLabel = `${other} theme`;
    drawAll();
  }

  themeButton.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    applyTheme();
  });
  prefersDark.addEventListener("change", applyTheme);
  narrow.addEventListener("change", drawAll);
  addEventListener("beforeprint", () => {
    root.dataset.screenTheme = root.dataset.theme ?? "";
    root.dataset.theme = "light";
    isPrinting = true;
    drawAll();
  });
  addEventListener("afterprint", () => {
    isPrinting = false;
    if (root.dataset.screenTheme) root.dataset.theme = root.dataset.screenTheme;
    else delete root.dataset.theme;
    applyTheme();
  });

  // ------------------------------------------------------------ leaderboard

  const table = document.getElementById("leaderboard-table");
  if (table) bringToLife(table);

  function bringToLife(table) {
    const headings = [...table.tHead.rows[0].cells];

    function sortBy(column, direction) {
      const isText = headings[column].classList.contains("text");
      const sign = direction === "ascending" ? 1 : -1;
      const body = table.tBodies[0];
      const key = (row) => row.cells[column].dataset.sort;
      const compare = (a, b) => {
        // What has no value comes last, whichever way the column is sorted.
        if (!a || !b) return (a ? 0 : 1) - (b ? 0 : 1);
        return sign * (isText ? a.localeCompare(b) : Number(a) - Number(b));
      };
      body.append(...[...body.rows].sort((a, b) => compare(key(a), key(b))));
      headings.forEach((heading, i) => {
        if (i === column) heading.setAttribute("aria-sort", direction);
        else heading.removeAttribute("aria-sort");
      });
    }

    headings.forEach((heading, column) => {
      heading.firstElementChild.addEventListener("click", () => {
        const opposite = { ascending: "descending", descending: "ascending" };
        sortBy(column, opposite[heading.getAttribute("aria-sort")] ?? heading.dataset.first);
      });
    });
    if (headings[2]) headings[2].setAttribute("aria-sort", headings[2].dataset.first);

    const moreColumns = document.getElementById("more-columns");
    moreColumns.addEventListener("click", () => {
      moreColumns.ariaPressed = String(table.classList.toggle("all"));
    });
  }

  // ------------------------------------------------------ confusion matrices

  function matrixTable(counts, classes, caption, detail) {
    const many = classes.length > 4;
    const heading = (scope, name) =>
      element("th", { scope, className: name.length > 12 ? "long" : "" }, name);
    const corner = element("td", {}, "true ↓  called →");
    const head = element("tr", {}, corner, ...classes.map((name) => heading("col", name)));
    corner.className = "corner";
    const body = counts.map((row, truth) => {
      const total = row.reduce((sum, n) => sum + n, 0);
      const cells = row.map((n, called) => {
        const share = total ? n / total : 0;
        // Nearly none and nearly all must not read like none and all.
        const digits = (share > 0 && share < 0.1) || (share > 0.99 && share < 1) ? 1 : 0;
        const percent = `${(100 * share).toFixed(digits)} %`;
        const cell = element("td", { title: `${n} of ${total} (${percent})` }, n.toLocaleString("en"), element("span", {}, percent));
        cell.style.setProperty("--share", share);
        cell.style.setProperty("--cell", `var(--${truth === called ? "accent" : "warning"})`);
        return cell;
      });
      return element("tr", {}, heading("row", classes[truth]), ...cells);
    });
    return element(
      "div",
      { className: "scroll", tabIndex: 0, role: "region", ariaLabel: caption },
      element(
        "table",
        { className: many ? "matrix many" : "matrix" },
        element("caption", {}, caption, element("span", {}, detail)),
        element("thead", {}, head),
        element("tbody", {}, ...body),
      ),
    );
  }

  function thresholdRange(thresholds) {
    const sorted = [...thresholds].sort((a, b) => a - b);
    const [low, high] = [sorted[0], sorted[sorted.length - 1]].map((t) => t.toFixed(2));
    return low === high ? low : `${low} to ${high}`;
  }

  function showMatrices(slot, entry) {
    const { classes } = page.confusion;
    slot.querySelector(".matrix-row")?.remove();
    const row = element("div", { className: "matrix-row" });
    const [caption, detail] =
      classes.length > 2
        ? ["Most probable class", ""]
        : entry.own.length
          ? ["Own threshold", thresholdRange(entry.own)]
          : ["Default threshold", "0.50"];
    row.append(matrixTable(entry.default, classes, caption, detail));
    if (entry.tuned)
      row.append(matrixTable(entry.tuned, classes, "Tuned threshold", thresholdRange(entry.thresholds)));
    slot.append(row);
  }

  const pair = document.querySelector(".matrix-pair");
  pair?.classList.toggle("stacked", page.confusion.classes.length > 9);
  for (const slot of document.querySelectorAll("[data-slot]")) {
    const { methods, shown } = page.confusion;
    const select = slot.querySelector("select");
    methods.forEach((entry, i) => select.add(new Option(entry.method, i)));
    select.selectedIndex = shown[slot.dataset.slot];
    select.addEventListener("change", () => showMatrices(slot, methods[select.value]));
    showMatrices(slot, methods[select.value]);
  }

  applyTheme();
})();
