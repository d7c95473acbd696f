import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { ConfigModule } from './config/config.module.js';
import { FrontController } from './front/front.controller.js';
import {
  AdminController,
  ErrorPageFilter,
  LingeringConnections,
  LoginController,
  UsersModule,
} from './login-sample.js';
import { STORE_CHOICE, type StoreChoice } from './sessions/store-choice.js';

/** The login application of sample 1, for any store. */
@Module({
  imports: [ConfigModule, UsersModule],
  controllers: [FrontController, LoginController, AdminController],
  providers: [{ provide: APP_FILTER, useClass: ErrorPageFilter }, LingeringConnections],
})
export class AppModule {
  /** With sessions in the store that was chosen. */
  static async with(store: StoreChoice): Promise<DynamicModule> {
    const { sessions } = await store.load();
    return {
      module: AppModule,
      imports: [sessions],
      providers: [{ provide: STORE_CHOICE, useValue: store }],
    };
  }
}
