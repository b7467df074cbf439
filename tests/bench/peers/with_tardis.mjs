// tardis-dev's real-time stream of Binance, doing nothing with the messages.
//
//     WSS_URL_BINANCE=ws://… node with_tardis.mjs COUNT
//
// Runs in the folder that tardis-dev is installed in.
import { createRequire } from 'node:module'

const { stream } = createRequire(process.cwd() + '/')('tardis-dev')
const filters = ['trade', 'depth', 'bookTicker'].map((channel) => ({ channel, symbols: ['btcusdt'] }))
let left = Number(process.argv[2]) + 1 // the first one answers the subscription
let begun
for await (const _ of stream({ exchange: 'binance', filters })) {
  begun ??= process.cpuUsage()
  if (--left === 0) {
    const used = process.cpuUsage(begun)
    console.log('done', (used.user + used.system) / 1e6)
    process.exit(0)
  }
}
