// Run in a process of its own: imports Nest, and what else it is told to, and prints how long that took.
// node start-child.cjs <what> <esm|cjs> <variant>
const SECRET = 'bench-secret-0123456789-abcdefghijklmnop';
const NEST = ['reflect-metadata', '@nestjs/common', '@nestjs/core', '@nestjs/platform-express'];

const [what, kind, variant] = process.argv.slice(2);
const loaded = kind === 'esm' ? (name) => import(name) : (name) => require(name);

async function main() {
  let began = performance.now();
  for (const name of NEST) await loaded(name);
  if (variant !== 'nest') await loaded(variant);
  if (what === 'import') return { ms: performance.now() - began };
  const { NestFactory } = await loaded('@nestjs/core');
  const imports = [];
  if (variant === 'nest-sessions')
    imports.push((await loaded(variant)).SessionModule.forRoot({ secret: SECRET }));
  began = performance.now();
  const app = await NestFactory.create({ module: class Root {}, imports }, { logger: false });
  if (variant === 'express-session') {
    const made = await loaded(variant);
    app.use((made.default ?? made)({ secret: SECRET, resave: false, saveUninitialized: false }));
  }
  await app.listen(0, '127.0.0.1');
  const ms = performance.now() - began;
  await app.close();
  return { ms };
}

main().then((figures) => console.log(JSON.stringify(figures)));
