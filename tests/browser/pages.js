// Walks through the work of the office in a real browser and looks at every page at both widths: nothing may
// stick out sideways, every control must be big enough for a thumb on the phone, no script may fail, and
// nothing may be fetched from anywhere else.

import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { chromium } from 'playwright-core'

const { CHENGQING, FOLDER, PORT_BASE, SCREENSHOTS } = process.env
const base = Number(PORT_BASE)
const console_ = `http://localhost:${base}`
const site = `http://localhost:${base + 2}`
const outside = `http://localhost:${base + 10}`
const secrets = JSON.parse(readFileSync(`${FOLDER}/secrets.json`, 'utf8'))
const WIDTHS = { phone: { width: 390, height: 844 }, desk: { width: 1280, height: 900 } }

let failed = 0
let passed = 0
function check(holds, sentence, detail = '') {
  if (holds) passed += 1
  else {
    failed += 1
    console.log(`FAILED ${sentence} ${detail}`)
  }
}

mkdirSync(SCREENSHOTS, { recursive: true })
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking'],
})

async function person(login) {
  const context = await browser.newContext({ locale: 'zh-CN' })
  const page = await context.newPage()
  page.on('pageerror', (error) => check(false, 'no script fails', error.message))
  page.on('request', (request) =>
    check(new URL(request.url()).hostname === 'localhost', 'nothing is fetched from elsewhere', request.url()))
  if (login) {
    const code = execFileSync(CHENGQING, ['code', login, '--data', FOLDER, '--port-base', PORT_BASE]).toString().trim()
    await page.goto(`${console_}/sign-in`)
    await look(page, 'sign-in')
    await page.fill('[name=login]', login)
    await page.fill('[name=password]', secrets.people_password)
    await page.fill('[name=code]', code)
    await page.click('form[action="/sign-in"] button')
    await page.waitForURL(`${console_}/`)
  }
  return page
}

const looked = new Set()
async function look(page, name) {
  if (looked.has(name)) return
  looked.add(name)
  for (const [width, size] of Object.entries(WIDTHS)) {
    await page.setViewportSize(size)
    const found = await page.evaluate(() => {
      const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth
      const small = [...document.querySelectorAll('button, [role=button], select, input:not([type=hidden])')]
        .filter((element) => element.checkVisibility() && !['checkbox', 'radio'].includes(element.type))
        .map((element) => [element.outerHTML.slice(0, 80), element.getBoundingClientRect().height])
        .filter(([, height]) => height > 0 && height < 36)
      return { wide, small, language: document.documentElement.lang, title: document.title }
    })
    check(found.wide <= 0, `${name} fits the ${width}`, `${found.wide} px stick out`)
    if (width === 'phone') check(found.small.length === 0, `${name} can be worked with a thumb`, JSON.stringify(found.small))
    check(found.language !== '' && found.title !== '', `${name} says its language and title`)
    await page.screenshot({ path: `${SCREENSHOTS}/${name}-${width}.png`, fullPage: true })
  }
}

// The citizen's phone and what the public sees.
const citizen = await person()
await citizen.goto(`${outside}/phone`)
await look(citizen, 'phone')
let receipt
await fetch(`${outside}/_control/citizens`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"count":1,"open_window":true}' })
  .then((answer) => answer.json())
  .then(async ({ citizens: [{ openid }] }) => {
    const sent = await fetch(`${outside}/_control/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ openid, content: '群里都在转，说明天凌晨3点青岚县有7级地震，让大家别睡屋里，是真的吗？' }),
    }).then((answer) => answer.json())
    check(sent.reply?.startsWith('收到，回执号'), 'the receipt comes', JSON.stringify(sent))
    receipt = sent.reply?.match(/回执号(\d{6,}[A-Z])。/)?.[1]
    check(receipt, 'the receipt has a number of its own kind', sent.reply)
  })

// Somebody shows a screenshot that says what nobody said before, and somebody sends a voice message.
const json = { 'content-type': 'application/json' }
const control = (path, init) => fetch(`${outside}/_control/${path}`, { method: 'POST', ...init }).then((answer) => answer.json())
for (const [kind, file] of [
  ['image', readFileSync('services/ingest/tests/fixtures/melons.png')],
  ['voice', Buffer.from('#!AMR\n<')],
]) {
  const { citizens: [{ openid }] } = await control('citizens', { headers: json, body: '{"count":1,"open_window":true}' })
  const { media_id } = await control(`media?kind=${kind}`, { body: file })
  await control('messages', { headers: json, body: JSON.stringify({ openid, msg_type: kind, media: { MediaId: media_id } }) })
}
await citizen.goto(`${outside}/timeline`)
await look(citizen, 'timeline')
await citizen.goto(site)
await look(citizen, 'site')

// The office.
const duty = await person('duty')
await look(duty, 'queue')
let recording = 0
for (let tries = 0; tries < 100 && !recording; tries += 1) {
  await duty.goto(`${console_}/messages`)
  recording = await duty.locator('form[action$="/transcript"]').count()
}
check(recording > 0, 'a voice message has a box for what it says')
await look(duty, 'messages')
await duty.goto(`${console_}/find`)
await duty.fill('[name=number]', receipt.toLowerCase())
await Promise.all([duty.waitForURL(/find\?number=/), duty.click('form[action="/find"] button')])
check(await duty.locator(`[data-receipt="${receipt}"] a[href^="/case/"]`).count() === 1, 'a receipt leads to its case')
await look(duty, 'find')
await duty.goto(`${console_}/import`)
await look(duty, 'import')
const importFile = (name, rows) => ({ name, mimeType: 'text/csv', buffer: Buffer.from(rows.join('\r\n')) })
await duty.fill('[name=source]', '12345热线')
await duty.setInputFiles('[name=file]', importFile('热线.CSV', [
  '工单编号,来电时间,渠道,诉求内容,来电人,出处',
  'B-01,2026-11-20 08:00,热线,听说老粮站要改成停车场，是真的吗,张某,业主群',
  'B-02,上周,热线,听说南门口要修天桥,李某,',
  'B-03,2026/11/20 8:05,热线,,王某,',
]))
await duty.click('button[hx-post="/import/preview"]')
await duty.waitForSelector('[data-import-good]')
check(await duty.getAttribute('[data-import-good]', 'data-import-good') === '1', 'a preview says what can be taken')
check(await duty.locator('[data-line="3"]').count() === 1, 'and which line will be refused')
await look(duty, 'import-preview')
await duty.click('button[hx-post="/import/run"]')
await duty.waitForSelector('[data-finished]')
const counted = await duty.$eval('[data-finished]', ({ dataset }) => [dataset.rows, dataset.accepted, dataset.duplicate, dataset.refused].join())
check(counted === '3,1,0,2', 'every row of the file is counted', counted)
await look(duty, 'import-done')
const [download] = await Promise.all([duty.waitForEvent('download'), duty.click('button[formaction="/import/refused"]')])
const refusedRows = readFileSync(await download.path(), 'utf8')
check(refusedRows.startsWith('\ufeff') && refusedRows.includes('"B-02","上周"'), 'the refused rows are a file to mend', refusedRows)
await duty.goto(`${console_}/publications`)
await look(duty, 'publications')
await duty.goto(`${console_}/rules?kind=urgency`)
await look(duty, 'rules-urgency')
await duty.fill('[name=text]', '[place]\npoints = 5\nown_points = "ten"\nown = []\n')
await Promise.all([duty.waitForURL(`${console_}/rules/save`), duty.click('form#rules-file button')])
check(await duty.locator('[data-line]').count() === 1, 'a line that cannot be understood is shown')
await look(duty, 'rules-refused')
await duty.goto(`${console_}/rules?kind=urgency`)
await duty.fill('[name=text]', (await duty.inputValue('[name=text]')).replace('own = []', 'own = ["青岚县", "落雁坡"]'))
await Promise.all([duty.waitForURL(/done=rules_saved/), duty.click('form#rules-file button')])
check(await duty.locator('[data-version="1"]').count() === 1, 'the new version is in the history')
await duty.goto(`${console_}/rules`)
await duty.fill('[name=message]', '救命！我们被困在三楼，着火了，家里有老人和孩子')
await Promise.all([duty.waitForURL(`${console_}/rules/try`), duty.click('button[formaction="/rules/try"]')])
check(await duty.locator('[data-tried-intent=help]').count() === 1, 'the try-it box hears a call for help')
check(await duty.locator('[data-rule="help.heard"] + dt + dd mark').count() > 0, 'the words that decided are marked')
await look(duty, 'rules-tried')
await duty.goto(`${console_}/halt`)
await look(duty, 'halt')
let caseId
for (let tries = 0; tries < 100 && !caseId; tries += 1) {
  await duty.goto(`${console_}/`)
  const row = duty.locator('[data-case-id]', { hasText: '地震' }).first()
  if (await row.count()) caseId = await row.getAttribute('data-case-id')
}
check(Boolean(caseId), 'the case is in the queue')
await duty.goto(`${console_}/case/${caseId}`)
await look(duty, 'case')

// Two claims that may be one: side by side on the page of either, and every form of that page opened.
for (const content of ['听说城南市场的西瓜打了甜水针，是真的吗', '网传城南市场有人往瓜果里注射糖水，求证', '网传城南市场有人往瓜果里注射糖水，求证'])
  await fetch(`${outside}/_control/citizens`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"count":1,"open_window":true}' })
    .then((answer) => answer.json())
    .then(({ citizens: [{ openid }] }) => fetch(`${outside}/_control/messages`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ openid, content }) }))
let suggested
for (let tries = 0; tries < 100 && !suggested; tries += 1) {
  await duty.goto(`${console_}/`)
  const row = duty.locator('[data-case-id]', { hasText: '瓜果' }).first()
  if (!(await row.count())) continue
  const nearId = await row.getAttribute('data-case-id')
  await duty.goto(`${console_}/case/${nearId}`)
  if (await duty.locator('[data-suggestion-id]').count()) suggested = nearId
}
check(Boolean(suggested), 'what may be one claim is put to a person')
check((await duty.locator('.suggestion mark').count()) > 0, 'the words that both have are marked')
check((await duty.locator('.chart svg rect').count()) === 24, 'the spread has a bar for every hour')
await duty.evaluate(() => document.querySelectorAll('details').forEach((one) => { one.open = true }))
await look(duty, 'case-suggestion')
await duty.goto(`${console_}${await duty.locator('a[href$="/judgement"]').first().getAttribute('href')}`)
check((await duty.locator('[data-judgement]').count()) === 2, 'a judgement stands beside that of today')
await look(duty, 'judgement')
await duty.goto(`${console_}/case/${caseId}`)
await duty.fill('[name=department]', '应急管理局')
await duty.fill('[name=question]', '是否收到过涉及我县的地震预报？')
await Promise.all([duty.waitForLoadState(), duty.click(`form[action="/case/${caseId}/finding"] button`)])
await duty.waitForSelector('#department-link')
await look(duty, 'department-link')
const link = await duty.inputValue('#department-link')
const code = await duty.inputValue('#department-code')
check(/^\d{6}$/.test(code), 'the officer is shown the code to tell by phone', code)

const department = await person()
await department.goto(link)
check((await department.locator('[data-finding=code]').count()) === 1, 'a link alone asks for the code')
check(!(await department.content()).includes('是否收到过涉及我县'), 'a link alone shows no question')
await look(department, 'department-code')
await department.fill('[name=code]', code)
await department.click('[data-finding=code] button')
await department.waitForSelector('[data-finding=asked]')
await look(department, 'department')
await department.check('[name=verdict][value=false]')
await department.fill('[name=facts]', '没有收到过这样的预报。')
await department.fill('[name=evidence]', '书面答复')
await department.fill('[name=answered_by]', '值班科长')
await department.click('[data-finding=asked] button')
await department.waitForSelector('[data-finding=answered]')
check(!(await department.content()).includes('没有收到过'), 'an answered link shows no answer')
await look(department, 'department-thanks')

// Somebody of the department who signs in sees what it is asked, and nothing else.
await duty.goto(`${console_}/case/${caseId}`)
await duty.evaluate(() => document.querySelectorAll('details').forEach((one) => { one.open = true }))
await duty.fill('[name=department]', '县应急管理局')
await duty.fill('[name=question]', '请再核实一次。')
await Promise.all([duty.waitForLoadState(), duty.click(`form[action="/case/${caseId}/finding"] button`)])
await duty.goto(`${console_}/case/${caseId}`)
await duty.evaluate(() => document.querySelectorAll('details').forEach((one) => { one.open = true }))
check((await duty.locator('form[action$="/reissue"]').count()) === 1, 'a link that waits can be issued anew')
await look(duty, 'case-links')
const checker = await person('checker')
await look(checker, 'checker-queue')
await checker.goto(`${console_}/case/${caseId}`)
check((await checker.locator('form[action^="/finding/"]').count()) === 1, 'a checker answers what the own department is asked')
check((await checker.locator('.reports').count()) === 0, 'a checker reads no messages')
await look(checker, 'checker-case')

// The original of a message, for an officer with a cause.
await duty.locator('.reports [name=cause]').first().fill('核对遮盖是否有误')
await duty.locator('.reports form[action$="/original"] button').first().click()
await duty.waitForSelector('[data-original]')
await look(duty, 'original')
await duty.goto(`${console_}/case/${caseId}/history?part=events`)
await look(duty, 'history')

const drafter = await person('drafter')
await drafter.goto(`${console_}/case/${caseId}/draft?kind=clarification`)
await drafter.fill('[name=title]', '青岚县没有地震预报')
await drafter.fill('[name=valid_until]', '2030-01-02T03:04')
await look(drafter, 'draft')
await Promise.all([drafter.waitForURL(/done=saved/), drafter.click('form#draft > button')])
const signed = await drafter.locator('[data-signed]').innerText()
check(signed.includes('地震') && signed.includes('自动答复按这句话匹配'), 'the review shows the sentence that is signed', signed)
check(signed.includes('2030-01-02 03:04'), 'the review shows until when the words hold', signed)
await look(drafter, 'review')
await drafter.goto(`${console_}/case/${caseId}/form`)
check((await drafter.locator('[data-signed-sentence]').innerText()).includes('地震'), 'the approval form shows it too')
await look(drafter, 'approval-form')

const auditor = await person('auditor')
await auditor.goto(`${console_}/audit`)
await look(auditor, 'audit')
await auditor.goto(`${console_}/sessions`)
check((await auditor.locator('[data-session-id][data-this]').count()) === 1, 'a person sees their own session')
await look(auditor, 'sessions')
const administrator = await person('admin')
await administrator.click('nav a[href="/people"]')
check((await administrator.locator('[data-person-id]').count()) > 5, 'an administrator sees the people of the office')
await look(administrator, 'people')

await duty.goto(`${console_}/case/${caseId}/answers`)
await look(duty, 'answers')

await browser.close()
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed ? 1 : 0)
