/* Draws every <div class="chart" data-chart="{{ data|as_json }}"> with ECharts; the JSON is
   { kind: "bar" | "line" | "sankey" | "heatmap", title, unit, categories: [], stacked: bool, horizontal: bool,
     series: [{ name, data: [], tone: "ok|soon|stop|act|past" or dpd: 0-7, urls: [] }],
     nodes: [{ name, dpd }], links: [{ source, target, value, url }],              (sankey)
     rows: [], cells: [[column, row, value]] }                                     (heatmap)
   A click opens the rows behind the mark. The table beside the chart says the same without it. */
(function () {
  "use strict";
  if (!window.echarts) return;
  const probe = document.createElement("span");
  probe.hidden = true;

  function colour(token) {
    probe.style.color = "var(--" + token + ")";
    return getComputedStyle(probe).color;
  }
  function tokenOf(item, index) {
    if (item.dpd !== undefined) return "dpd-" + item.dpd;
    if (item.tone) return item.tone;
    return ["act", "past", "soon", "ok"][index % 4];
  }
  function option(data) {
    const ink = colour("ink"), quiet = colour("ink-2"), line = colour("line");
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const whole = {
      animation: !still, animationDuration: 140, animationDurationUpdate: 140,
      textStyle: { color: ink, fontFamily: getComputedStyle(document.body).fontFamily },
      tooltip: { trigger: data.kind === "sankey" || data.kind === "heatmap" ? "item" : "axis", renderMode: "richText", confine: true,
        backgroundColor: colour("sheet"), borderColor: line, textStyle: { color: ink } },
      aria: { enabled: true, label: { description: data.title } },
    };
    if (data.kind === "sankey") {
      whole.animation = false;
      whole.series = [{
        type: "sankey", left: 8, right: 72, top: 8, bottom: 8, nodeGap: 10, emphasis: { focus: "adjacency" },
        data: data.nodes.map(function (node, i) { return { name: node.name, itemStyle: { color: colour(tokenOf(node, i)) } }; }),
        links: data.links, label: { color: ink }, lineStyle: { color: colour("line-strong"), opacity: 0.28 },
      }];
      return whole;
    }
    const names = { type: "category", data: data.categories, axisLabel: { color: quiet }, axisLine: { lineStyle: { color: line } }, axisTick: { show: false } };
    const values = { type: "value", name: data.horizontal ? "" : data.unit, nameTextStyle: { color: quiet, align: "left" }, axisLabel: { color: quiet }, splitLine: { lineStyle: { color: line } } };
    // A bar that lies down has names on its left and its largest figure at the very end: both need room.
    whole.grid = { left: data.horizontal ? 28 : 8, right: data.horizontal ? 44 : 16, top: data.series && data.series.length > 1 ? 52 : 32, bottom: 8, containLabel: true };
    if (data.kind === "heatmap") {
      whole.grid = { left: 8, right: 16, top: 8, bottom: 48, containLabel: true };
      whole.xAxis = names;
      whole.yAxis = Object.assign({}, names, { data: data.rows });
      const all = data.cells.map(function (cell) { return cell[2]; });
      whole.visualMap = { min: 0, max: Math.max.apply(null, all.concat([1])), orient: "horizontal", left: "center", bottom: 0, itemHeight: 90,
        textStyle: { color: quiet }, inRange: { color: [0, 1, 3, 5, 7].map(function (i) { return colour("dpd-" + i); }) } };
      whole.series = [{ type: "heatmap", data: data.cells }];
      return whole;
    }
    whole.xAxis = data.horizontal ? values : names;
    whole.yAxis = data.horizontal ? Object.assign(names, { inverse: true }) : values;
    if (data.series.length > 1) whole.legend = { top: 0, textStyle: { color: ink }, itemWidth: 12, itemHeight: 12 };
    whole.series = data.series.map(function (series, index) {
      const drawn = { name: series.name, type: data.kind, stack: data.stacked ? "all" : undefined, barMaxWidth: 36, symbolSize: 6,
        itemStyle: { color: colour(tokenOf(series, index)) }, data: series.data };
      if (series.levels) drawn.data = series.data.map(function (value, i) {
        return { value: value, itemStyle: { color: colour("dpd-" + series.levels[i]), borderColor: line, borderWidth: 1 } };
      });
      return drawn;
    });
    return whole;
  }
  function draw(box) {
    const data = JSON.parse(box.dataset.chart);
    const chart = echarts.getInstanceByDom(box) || echarts.init(box);
    chart.setOption(option(data), true);
    chart.off("click");
    chart.on("click", function (mark) {
      const series = (data.series || [])[mark.seriesIndex];
      const url = data.kind === "sankey" ? mark.data.url : series && series.urls && series.urls[mark.dataIndex];
      if (url) location.assign(url);
    });
  }
  function drawAll() {
    if (!probe.isConnected) document.body.append(probe);
    document.querySelectorAll(".chart[data-chart]").forEach(draw);
  }
  document.addEventListener("htmx:afterSettle", drawAll);
  document.addEventListener("themechange", drawAll);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  window.addEventListener("resize", function () {
    document.querySelectorAll(".chart[data-chart]").forEach(function (box) {
      const chart = echarts.getInstanceByDom(box);
      if (chart) chart.resize();
    });
  });
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", drawAll);
  else drawAll();
})();
