"""The verbs, adjectives, names and time words of the phrasebook.

Every English entry has exactly one German rendering in the sentences it is used in, so that a
model can know the right translation from the source alone.
"""

# english[/comparative] Deutsch[/Stamm][/Komparativ] : noun groups it describes
ADJECTIVES = """
red rot : clothes pairs bag vehicle
blue blau : clothes pairs bag vehicle
green grün : clothes pairs bag furniture
yellow gelb : clothes pairs vehicle parcel
black schwarz : clothes pairs belongings animal
white weiß : clothes pairs furniture animal
brown braun : clothes pairs furniture animal
grey grau : clothes pairs furniture animal
warm/warmer warm/wärmer : clothes pairs room
elegant elegant : clothes pairs furniture sight
cheap/cheaper billig : clothes belongings furniture device lodging
expensive teuer/teur : clothes belongings furniture device lodging
new/newer neu : clothes belongings device vehicle reading event
old/older alt/älter : vehicle furniture place sight reading male female
big/bigger groß/größer : furniture parcel lodging sight room animal
small/smaller klein/kleiner : furniture parcel lodging place animal
heavy/heavier schwer : furniture parcel opening device
light/lighter leicht : clothes belongings dish parcel
modern modern : device lodging room sight furniture
practical praktisch : belongings device furniture
broken kaputt : device opening vehicle
loud/louder laut : device vehicle animal transport
quiet/quieter ruhig : lodging landscape sight room
comfortable bequem : pairs furniture vehicle lodging
clean/cleaner sauber : tableware room towel
dirty/dirtier schmutzig : tableware pairs opening room
hot/hotter heiß : dish drink
cold/colder kalt/kälter : dish drink room
fresh/fresher frisch : dish side fruit juice
sweet/sweeter süß : dessert drink fruit
sour/sourer sauer/saur : fruit drink
delicious köstlich : dish drink
salty/saltier salzig : dish side
ripe/riper reif : fruit
organic biologisch : side fruit
famous berühmt : sight watching reading
beautiful/more_beautiful schön/schöner : landscape sight parcel lodging clothes
interesting interessant : reading watching event
boring langweilig : reading watching event
exciting spannend : reading watching
funny/funnier lustig : watching reading parcel
sad/sadder traurig : reading watching stranger
important wichtig : paper event
long/longer lang/länger : paper event watching
short/shorter kurz/kürzer : paper event reading
urgent dringend : paper event
friendly/friendlier freundlich : stranger male female animal
young/younger jung/jünger : stranger animal
ill krank/kranker : animal male female stranger
tired müde : stranger male female
polite höflich : stranger male female
strict streng : teacher male female
rich/richer reich : stranger male female
strong/stronger stark/stärker : drink animal stranger
deep/deeper tief : landscape
high/higher hoch/hoh/höher : mountain opening
safe/safer sicher : vehicle place
fast/faster schnell : vehicle transport device
slow/slower langsam : vehicle transport
late/later spät : transport event
empty leer : tableware room transport
full voll : tableware transport sight
round rund : furniture belongings
narrow/narrower schmal/schmaler : opening furniture
wide/wider breit : opening landscape
thick/thicker dick : reading clothes
free frei : event
closed geschlossen : opening sight place
wild wild : animal landscape
clever/cleverer klug/klüger : animal stranger
"""

# english[/past] ; Deutsch[/er-Form][/Partizip][/s] ; case ; determiners ; object groups.
# Determiners: i a, d the, p the subject's own, t this, B bare plural, D the + plural,
# N a number + plural; an empty group is a verb without an object. "s" takes sein.
VERBS = """
buy/bought ; kaufen ; a ; iit ; clothes belongings furniture device parcel reading
buy/bought ; kaufen ; a ; BBN ; pairs fruit
sell/sold ; verkaufen ; a ; pppi ; vehicle furniture device lodging
need ; brauchen ; a ; ii ; belongings tableware clothes device
look_for ; suchen ; a ; iidp ; belongings place clothes
find/found ; finden/findet/gefunden ; a ; dp ; belongings paper place pairs
lose/lost ; verlieren/verliert/verloren ; a ; pp ; belongings
forget/forgot ; vergessen/vergisst/vergessen ; a ; pdp ; belongings paper event
repair ; reparieren ; a ; dp ; device vehicle opening
clean ; putzen ; a ; dDp ; room opening pairs
wash ; waschen/wäscht/gewaschen ; a ; dDp ; tableware clothes vehicle fruit
rent ; mieten ; a ; i ; vehicle lodging
open ; öffnen ; a ; ddt ; opening parcel
close ; schließen/schließt/geschlossen ; a ; ddt ; opening
turn_on ; ein|schalten ; a ; ddt ; device
turn_off ; aus|schalten ; a ; ddt ; device
pick_up ; ab|holen ; a ; dp ; parcel male female vehicle
bring_along/brought_along ; mit|bringen/bringt/mitgebracht ; a ; ip ; belongings parcel dish
take_along/took_along ; mit|nehmen/nimmt/mitgenommen ; a ; ip ; belongings animal
try_on ; an|probieren ; a ; dt ; clothes
put_on ; an|ziehen/zieht/angezogen ; a ; ip ; clothes
put_on ; an|ziehen/zieht/angezogen ; a ; P ; pairs
take_off/took_off ; aus|ziehen/zieht/ausgezogen ; a ; p ; clothes
take_off/took_off ; aus|ziehen/zieht/ausgezogen ; a ; P ; pairs
exchange ; um|tauschen ; a ; dt ; clothes device
invite ; ein|laden/lädt/eingeladen ; a ; pppD ; male female
meet/met ; treffen/trifft/getroffen ; a ; pp ; male female
visit ; besuchen ; a ; p ; male female
visit ; besuchen ; a ; ddi ; sight
call ; an|rufen/ruft/angerufen ; a ; p ; male female
call ; an|rufen/ruft/angerufen ; a ; d ; stranger
know ; kennen/kennt/gekannt ; a ; d ; landscape stranger
help ; helfen/hilft/geholfen ; d ; ppd ; male female stranger
thank ; danken ; d ; pd ; male female stranger
answer ; antworten ; d ; pd ; male female stranger
wait_for ; warten ; auf:a ; pd ; male female stranger transport
talk_to ; sprechen/spricht/gesprochen ; mit:d ; pd ; male female stranger
write/wrote ; schreiben/schreibt/geschrieben ; a ; iiN ; paper
sign ; unterschreiben/unterschreibt/unterschrieben ; a ; dt ; paper
fill_in ; aus|füllen ; a ; dt ; form application
print_out ; aus|drucken ; a ; diN ; paper
send/sent ; schicken ; a ; iN ; paper parcel
check ; prüfen ; a ; dD ; paper device
read/read ; lesen/liest/gelesen ; a ; iidN ; reading paper
translate ; übersetzen/übersetzt/übersetzt ; a ; id ; reading paper
recommend ; empfehlen/empfiehlt/empfohlen ; a ; dt ; sight dish reading
watch ; an|schauen ; a ; idt ; watching
film ; filmen ; a ; di ; animal landscape
photograph ; fotografieren ; a ; diN ; animal landscape
cook ; kochen ; a ; i ; soup stew
order ; bestellen ; a ; iiN ; dish
eat/ate ; essen/isst/gegessen ; a ; iiN ; dish
eat/ate ; essen/isst/gegessen ; a ; BN ; fruit
drink/drank ; trinken/trinkt/getrunken ; a ; i ; coffee tea beer wine juice
cut/cut ; schneiden/schneidet/geschnitten ; a ; dDB ; fruit
peel ; schälen ; a ; DBN ; potato carrot orange apple onion
feed/fed ; füttern ; a ; dDp ; animal
keep/kept ; behalten/behält/behalten ; a ; dp ; belongings parcel
book ; buchen ; a ; iiN ; flight trip course guided_tour room
cancel ; ab|sagen ; a ; dp ; event
postpone ; verschieben/verschiebt/verschoben ; a ; dp ; event
prepare ; vor|bereiten ; a ; dp ; event dish
plan ; planen ; a ; ip ; trip party meeting
borrow ; aus|leihen/leiht/ausgeliehen ; a ; i ; vehicle reading tableware
hang_up/hung_up ; auf|hängen ; a ; dp ; clothes picture mirror
wrap ; ein|packen ; a ; dp ; parcel tableware
get_up/got_up ; auf|stehen/steht/aufgestanden/s ; - ; - ; -
arrive ; an|kommen/kommt/angekommen/s ; - ; - ; -
come_back/came_back ; zurück|kommen/kommt/zurückgekommen/s ; - ; - ; -
leave_early/left_early ; früh los|fahren/fährt/losgefahren/s ; - ; - ; -
stay_at_home ; zu_Hause bleiben/bleibt/geblieben/s ; - ; - ; -
go_home/went_home ; nach_Hause gehen/geht/gegangen/s ; - ; - ; -
go_shopping/went_shopping ; ein|kaufen ; - ; - ; -
go_for_a_walk/went_for_a_walk ; spazieren|gehen/geht/spazieren_gegangen/s ; - ; - ; -
work ; arbeiten ; - ; - ; -
sleep_well/slept_well ; gut schlafen/schläft/geschlafen ; - ; - ; -
swim/swam ; schwimmen/schwimmt/geschwommen/s ; - ; - ; -
dance ; tanzen ; - ; - ; -
sing/sang ; singen/singt/gesungen ; - ; - ; -
learn_German ; Deutsch lernen ; - ; - ; -
play_football ; Fußball spielen ; - ; - ; -
play_tennis ; Tennis spielen ; - ; - ; -
play_the_piano ; Klavier spielen ; - ; - ; -
have_breakfast/had_breakfast ; frühstücken ; - ; - ; -
move_house ; um|ziehen/zieht/umgezogen/s ; - ; - ; -
ride_a_bike/rode_a_bike ; Rad fahren/fährt/gefahren/s ; - ; - ; -
tidy_up ; auf|räumen ; - ; - ; -
"""

NAMES = "Anna:f Peter:m Maria:f Thomas:m Julia:f Paul:m Laura:f Felix:m Lena:f Max:m Sophie:f Jonas:m"
SURNAMES = "Weber Schmidt Fischer Wagner Becker Hoffmann Keller Richter Vogel Braun"
CITIES = """Berlin München:Munich Hamburg Köln:Cologne Wien:Vienna Zürich:Zurich Dresden Leipzig
Paris Rom:Rome London Prag:Prague Bremen Frankfurt Stuttgart Salzburg Venedig:Venice
Warschau:Warsaw Brüssel:Brussels Hannover:Hanover"""
COUNTRIES = """Italien:Italy Spanien:Spain Frankreich:France Polen:Poland Österreich:Austria
Griechenland:Greece Norwegen:Norway Schweden:Sweden Dänemark:Denmark Portugal Irland:Ireland
Japan Kanada:Canada Ungarn:Hungary Finnland:Finland"""
LANGUAGES = """Deutsch:German Englisch:English Französisch:French Spanisch:Spanish
Italienisch:Italian Polnisch:Polish Russisch:Russian Japanisch:Japanese Dänisch:Danish
Schwedisch:Swedish Griechisch:Greek Portugiesisch:Portuguese"""
# english Maskulinum Femininum
JOBS = """teacher Lehrer Lehrerin
doctor Arzt Ärztin
nurse Krankenpfleger Krankenpflegerin
cook Koch Köchin
engineer Ingenieur Ingenieurin
lawyer Anwalt Anwältin
baker Bäcker Bäckerin
journalist Journalist Journalistin
hairdresser Friseur Friseurin
architect Architekt Architektin
farmer Bauer Bäuerin
actor Schauspieler Schauspielerin
painter Maler Malerin
gardener Gärtner Gärtnerin
librarian Bibliothekar Bibliothekarin
translator Übersetzer Übersetzerin
photographer Fotograf Fotografin
mechanic Mechaniker Mechanikerin
judge Richter Richterin
scientist Wissenschaftler Wissenschaftlerin"""
WEEKDAYS = """Montag:Monday Dienstag:Tuesday Mittwoch:Wednesday Donnerstag:Thursday
Freitag:Friday Samstag:Saturday Sonntag:Sunday"""
MONTHS = """Januar:January Februar:February März:March April Mai:May Juni:June Juli:July
August September Oktober:October November Dezember:December"""
FUTURE = """tomorrow=morgen|today=heute|tomorrow morning=morgen früh|tomorrow evening=morgen Abend
this evening=heute Abend|next week=nächste Woche|next month=nächsten Monat|soon=bald
this afternoon=heute Nachmittag|at the weekend=am Wochenende|in the morning=am Morgen
next year=nächstes Jahr|the day after tomorrow=übermorgen|after lunch=nach dem Mittagessen"""
PAST = """yesterday=gestern|last week=letzte Woche|last month=letzten Monat|last year=letztes Jahr
an hour ago=vor einer Stunde|a week ago=vor einer Woche|yesterday evening=gestern Abend
this morning=heute Morgen|the day before yesterday=vorgestern|a year ago=vor einem Jahr
a month ago=vor einem Monat|two days ago=vor zwei Tagen|three weeks ago=vor drei Wochen"""
HABIT = """every day=jeden Tag|every week=jede Woche|every year=jedes Jahr|every evening=jeden Abend
every morning=jeden Morgen|once a week=einmal pro Woche|twice a month=zweimal pro Monat
at the weekend=am Wochenende|in the evening=am Abend|in summer=im Sommer|in winter=im Winter
in spring=im Frühling|in autumn=im Herbst"""
AILMENTS = """a headache=Kopfschmerzen|a fever=Fieber|a cough=Husten|toothache=Zahnschmerzen
back pain=Rückenschmerzen|a sore throat=Halsschmerzen|a stomach ache=Bauchschmerzen
a cold=Schnupfen|earache=Ohrenschmerzen"""
