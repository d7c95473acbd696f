// One application with one kind of session, in a process of its own: server.js <variant> <surroundings> [<more variants>]
import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Accounts } from '../app/accounts.js';
import { PagesController } from '../app/pages.controller.js';
import { answerParent } from '../child-channel.js';
import { allVariants, variantNamed } from '../variants/all-variants.js';
import { Profiler } from '../profile/profiler.js';
import type { Surroundings, Variant } from '../variants/variant.js';

const profiler = new Profiler();

/** What a server is asked. */
export const serverOperations = {
  /** Starts listening, and answers the port. */
  listen: () => started,
  /** What the process has used so far, in microseconds and bytes. */
  usage() {
    const { user, system } = process.cpuUsage();
    return {
      cpu: user + system,
      heap: process.memoryUsage().heapUsed,
      peakMemory: process.resourceUsage().maxRSS * 1_024,
    };
  },
  beginProfile: () => profiler.begin(),
  endProfile: () => profiler.end(),
};

export type ServerOperations = typeof serverOperations;

async function start(name = '', surroundings = '{}', more?: string): Promise<number> {
  const variant = variantNamed(await allVariants(more), name);
  const { imports = [], accounts, install } = await variant.prepare(JSON.parse(surroundings) as Surroundings);
  class BenchModule {}
  const root = {
    module: BenchModule,
    imports: [...imports],
    controllers: [PagesController],
    providers: [{ provide: Accounts, useClass: accounts }],
  };
  const app = await createApp(variant, root);
  await install?.(app);
  await app.listen(0, '127.0.0.1');
  return (app.getHttpServer() as { address(): AddressInfo }).address().port;
}

async function createApp(variant: Variant, root: object): Promise<INestApplication> {
  const options = { logger: ['error', 'warn'] as ('error' | 'warn')[] };
  const module = root as Parameters<typeof NestFactory.create>[0];
  if (variant.platform === 'fastify') {
    const { FastifyAdapter } = await import('@nestjs/platform-fastify');
    return NestFactory.create(module, new FastifyAdapter(), options);
  }
  return NestFactory.create(module, options);
}

const started = start(...process.argv.slice(2));
answerParent(serverOperations);
