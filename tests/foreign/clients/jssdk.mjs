// @bitrix24/b24jssdk at work: `node jssdk.mjs JOB`, with the webhook in B24_WEBHOOK. Prints what it got as JSON.
// The job for applications has their keys and tokens in B24_APPLICATION instead.

import { B24Hook, B24OAuth } from '@bitrix24/b24jssdk'

const ids = (rows, key = 'ID') => rows.map(row => Number(row[key]))
const hook = () => B24Hook.fromWebhookUrl(process.env.B24_WEBHOOK)
const deal = id => ['crm.deal.get', { id }]
console.warn = () => {} // the older names warn on every call

async function pages(source, key) {
  const found = []
  for await (const page of source) found.push(...ids(page, key))
  return found
}

const jobs = {
  async lists() {
    const b24 = hook()
    const { call, callList, fetchList } = b24.actions.v2
    const select = ['ID']
    const items = { method: 'crm.item.list', params: { entityTypeId: 2, select: ['id'] }, idKey: 'id', customKeyForResult: 'items' }
    const tasks = { method: 'tasks.task.list', params: { select }, idKey: 'id', cursorIdKey: 'ID', customKeyForResult: 'tasks' }
    const first = await call.make({ method: 'crm.deal.list', params: { select } })
    const second = await first.getNext(b24.getHttpClient('v2'))
    return {
      first: ids(first.getData().result),
      second: ids(second.getData().result),
      total: first.getTotal(),
      deals: ids((await callList.make({ method: 'crm.deal.list', params: { select } })).getData()),
      streamed: await pages(fetchList.make({ method: 'crm.deal.list', params: { select } })),
      items: ids((await callList.make(items)).getData(), 'id'),
      tasks: ids((await callList.make(tasks)).getData(), 'id'),
    }
  },

  async older() {
    const b24 = hook()
    return {
      deals: ids((await b24.callListMethod('crm.deal.list', { select: ['ID'] })).getData()),
      items: ids((await b24.callListMethod('crm.item.list', { entityTypeId: 2 }, null, 'items')).getData(), 'id'),
      streamed: await pages(b24.fetchListMethod('crm.deal.list', { select: ['ID'] })),
    }
  },

  async batches() {
    const b24 = hook()
    const v2 = b24.actions.v2
    const wanted = ids((await v2.callList.make({ method: 'crm.deal.list', params: { select: ['ID'] } })).getData())
    const plain = { isHaltOnError: true, returnAjaxResult: false }
    const linked = { list: ['crm.deal.list', { select: ['ID'] }], get: deal('$result[list][0][ID]') }
    const broken = { bad: ['crm.deal.nothing', {}], good: deal(wanted[0]) }
    const many = await v2.batchByChunk.make({ calls: wanted.slice(0, 75).map(deal), options: { isHaltOnError: false } })
    const kept = await v2.batch.make({ calls: broken, options: { isHaltOnError: false, returnAjaxResult: true } })
    const { list, get } = (await v2.batch.make({ calls: linked, options: plain })).getData()
    return {
      wanted: wanted.slice(0, 75),
      many: ids(many.getData()),
      first: ids(list),
      same: Number(get.ID),
      older: ids((await b24.callBatch(wanted.slice(0, 3).map(deal))).getData()),
      errors: kept.getErrorMessages(),
      after: Number(kept.getData().good.getData().result.ID),
    }
  },

  async writes() {
    const b24 = hook()
    const { call, batchByChunk } = b24.actions.v2
    const run = async (method, params) => (await call.make({ method, params })).getData().result
    const { item } = await run('crm.item.add', { entityTypeId: 2, fields: { title: 'Сделка & 1 + #' } })
    const updated = (await run('crm.item.update', { entityTypeId: 2, id: item.id, fields: { title: 'y' } })).item
    const deleted = await run('crm.item.delete', { entityTypeId: 2, id: item.id })
    const calls = Array.from({ length: 75 }, (_, n) => ['crm.deal.add', { fields: { TITLE: `Сделка ${n}` } }])
    const many = await batchByChunk.make({ calls, options: { isHaltOnError: true } })
    return { made: item.id, title: item.title, updated: updated.title, deleted, many: many.getData() }
  },

  async modern() {
    const { call, callList, callTail, batchByChunk } = hook().actions.v3
    const select = ['id', 'title']
    const tasks = (await callList.make({ method: 'tasks.task.list', params: { select }, customKeyForResult: 'items' })).getData()
    const add = { creatorId: 1, responsibleId: 1, title: 'Задача & 1' }
    return {
      tasks: ids(tasks, 'id'),
      events: ids((await callTail.make({ method: 'main.eventlog.tail', params: { select: ['id'] } })).getData(), 'id'),
      first: (await call.make({ method: 'tasks.task.get', params: { id: tasks[0].id, select } })).getData().result.item,
      many: (await batchByChunk.make({ calls: tasks.map(({ id }) => ['tasks.task.get', { id, select }]) })).getData().map(({ item }) => item.id),
      made: (await call.make({ method: 'tasks.task.add', params: { fields: add } })).getData().result.item.id,
    }
  },

  async application() {
    const { portal, tokens, client_id: clientId, client_secret: clientSecret, application_token: applicationToken } =
      JSON.parse(process.env.B24_APPLICATION)
    const b24 = new B24OAuth({
      applicationToken,
      userId: tokens.user_id,
      memberId: tokens.member_id,
      accessToken: tokens.access_token,
      refreshToken: tokens.refresh_token,
      expires: tokens.expires,
      expiresIn: tokens.expires_in,
      scope: tokens.scope,
      domain: portal,
      clientEndpoint: tokens.client_endpoint,
      serverEndpoint: tokens.server_endpoint,
      status: tokens.status,
    }, { clientId, clientSecret })
    const { call, callList } = b24.actions.v2
    const deals = await callList.make({ method: 'crm.deal.list', params: { select: ['ID'] } })
    const profile = await call.make({ method: 'profile' })
    return {
      deals: ids(deals.getData()),
      user: Number(profile.getData().result.ID),
      renewed: b24.auth.getAuthData().access_token !== tokens.access_token,
    }
  },
}

console.log(JSON.stringify(await jobs[process.argv[2]]()))
