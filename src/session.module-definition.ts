import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { SessionOptions } from './options/session.options.js';

/** Extras of `forRoot` and `forRootAsync` that are no options of sessions themselves. */
export interface SessionModuleExtras {
  /** Whether every module can inject the services without importing this one. @default true */
  isGlobal?: boolean;
}

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<SessionOptions>({ moduleName: 'Session' })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createSessionOptions')
    .setExtras<SessionModuleExtras>({ isGlobal: true }, (definition, { isGlobal }) => ({
      ...definition,
      global: isGlobal ?? true,
    }))
    .build();

/**
 * Makes the options of `forRootAsync({ useClass })` and `({ useExisting })`.
 *
 * @publicApi
 */
export interface SessionOptionsFactory {
  createSessionOptions(): SessionOptions | Promise<SessionOptions>;
}
