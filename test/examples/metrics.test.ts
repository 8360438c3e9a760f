import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { dashboardQueries, metricsOf } from '../e2e/seen';

const folder = resolve(__dirname, '../../examples/metrics');

describe('the example for Prometheus and Grafana', () => {
  it('asks of each metric by cluster alone or with labels that it has', () => {
    const queries = dashboardQueries();
    expect(queries.length).toBeGreaterThan(15);
    for (const query of queries) {
      expect(metricsOf(query), query).not.toEqual([]);
      const selectors = [...query.matchAll(/\{([^}]*)\}/g)].map(([, selector]) => selector);
      for (const selector of selectors)
        expect(selector, query).toMatch(/^cluster=~"\$cluster"(,(phase|verdict)="[a-z]+")?$/);
      // A metric without a selector would show every cluster's.
      expect(query.replaceAll(/[a-zA-Z0-9_:]+\{[^}]*\}/g, ''), query).not.toMatch(/kiln_|metrics_/);
    }
  });

  it('puts an application’s id into a label, not into the name of its metrics', () => {
    const Config = z.object({
      scrape_configs: z.tuple([
        z.object({
          metric_relabel_configs: z.array(z.object({ regex: z.string(), replacement: z.string() })),
        }),
      ]),
    });
    const config = Config.parse(parse(readFileSync(join(folder, 'prometheus.yml'), 'utf8')));
    const [id, name] = config.scrape_configs[0].metric_relabel_configs;
    const metric = 'metrics_app_20261124151200_0003_driver_jvm_heap_used_Value';
    // Prometheus anchors both ends.
    const replaced = ({ regex, replacement }: { regex: string; replacement: string }): string =>
      metric.replace(new RegExp(`^(?:${regex})$`), replacement);
    expect([id, name].map((rule) => rule && replaced(rule))).toEqual([
      'app_20261124151200_0003',
      'metrics_driver_jvm_heap_used_Value',
    ]);
  });
});
